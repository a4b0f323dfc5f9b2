# One measurement: a row, a system, a load.

package Bench::Measure;

use v5.36;

use Bench::Cpu qw(cpu settle);
use Bench::Wrk;

my $WARM = 0.5;          # seconds


# row (Bench::Row), system, stores, dir, connections, threads, seconds
# Returns a round of bench/results.json, see bench/README.md.
sub run(%o) {
    my ($row, $system, $stores) = @o{qw(row system stores)};
    my $roots = { $stores->roots(), $system->kind() => [ $system->pid() ] };
    my %wrk = (dir => $o{dir}, port => $system->port($row->server()),
        script => $row->script(), threads => $o{threads},
        connections => $o{connections});

    $row->prepare();
    $system->resume();

    my $size = $row->samples($system);

    Bench::Wrk->run(%wrk, seconds => $o{warm} // $WARM,
        arguments => $row->arguments(1));
    $row->settled($system, $roots);

    my $before = $row->before();
    my $start = cpu($roots);
    my $load = Bench::Wrk->run(%wrk, seconds => $o{seconds},
        arguments => $row->arguments(2));

    $row->settled($system, $roots);

    my $end = cpu($roots);
    my @wrong = $row->check($system, $before, $load, $size);

    $system->pause();

    return round($load, $start, $end, @wrong);
}


# CPU is per request that was made: wrk leaves without the last answers, but the
# servers have worked for them.
sub round($load, $start, $end, @wrong) {
    my $made = $load->{made} || 1;
    my %at = map { $_->[0] => $_->[1] / 1000 } $load->{latency}->@*;
    my $errors = 0;

    $errors += $_ for values $load->{errors}->%*;

    return {
        rps => $load->{requests} / ($load->{duration} / 1e6), p50 => $at{50},
        p99 => $at{99}, p999 => $at{99.9}, errors => $errors,
        requests => $load->{requests}, seconds => $load->{duration} / 1e6,
        cpu => { map { $_ => ($end->{$_} - $start->{$_}) / $made * 1e6 } keys %$start },
        wrk => $load->{cpu} / $made * 1e6,
        latency => [ map { [ $_->[0], $_->[1] / 1000 ] } $load->{latency}->@* ],
        @wrong ? (wrong => \@wrong) : () };
}


1;
