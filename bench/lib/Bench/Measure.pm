# One measurement: a row, a system, a load.

package Bench::Measure;

use v5.36;

use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use Bench::Cpu qw(cpu);
use Bench::Wrk;

my ($WARM, $FIRST) = (0.5, 2.5);   # seconds; the first time of a system and row

# of each thread, where it is only about whether all works
my ($FEW, $FEWER) = (200, 50);


# How long a load lasts: by time, or by number.
sub _extent($quick, $seconds, $requests) {
    return $quick ? (quota => $requests) : (seconds => $seconds);
}


# row (Bench::Row), system, stores, dir, connections, threads, seconds
# quick: some requests instead; warm: seconds of the warm-up, if not the usual
# Returns a round of bench/results.json, see bench/README.md.
sub run(%o) {
    my ($row, $system, $stores) = @o{qw(row system stores)};
    my $roots = { $stores->roots(), $system->kind() => [ $system->pid() ] };
    my %wrk = (dir => $o{dir}, port => $system->port($row->server()),
        script => $row->script(), threads => $o{threads},
        connections => $o{connections});

    $row->prepare($system);
    $system->resume();

    my $size = $row->samples($system);

    Bench::Wrk->run(%wrk, _extent($o{quick}, $o{warm}
            // ($system->is_cold($row->name()) ? $FIRST : $WARM), $FEWER),
        arguments => $row->arguments(1));
    $row->settled($system, $roots);

    my $before = $row->before();
    my $start = cpu($roots);
    my $load = Bench::Wrk->run(%wrk, _extent($o{quick}, $o{seconds}, $FEW),
        arguments => $row->arguments(2));

    $row->settled($system, $roots);

    my $end = cpu($roots);
    my @wrong = $row->check($system, $before, $load, $size);

    $system->pause();

    return round($load, $start, $end, @wrong);
}


# One drop: everybody draws once, and the load ends when all have.  The answers
# of each tenth of a second come from wrk; how many of them were "issued" is
# looked up meanwhile in the store that was asked last.
sub drop(%o) {
    my ($row, $system, $stores) = @o{qw(row system stores)};
    my $roots = { $stores->roots(), $system->kind() => [ $system->pid() ] };
    my %wrk = (dir => $o{dir}, port => $system->port(), threads => $o{threads},
        connections => $o{connections});

    $row->prepare($system);
    $system->resume();

    # warm on another coupon, which has no end
    my $size = $row->samples($system);

    Bench::Wrk->run(%wrk, script => 'claim', _extent($o{quick},
            $system->is_cold($row->name()) ? $FIRST : $WARM, $FEWER),
        arguments => $row->arguments(1));
    $row->settled($system, $roots);
    $row->begin_drop();

    my @issued;
    my $start = cpu($roots);
    my $load = Bench::Wrk->run(%wrk, script => 'drop',
        quota => int($row->{users} / $o{threads}),
        arguments => { $row->arguments(2)->%*,
            connections => int($o{connections} / $o{threads}) },
        each => sub($past) {
            push @issued, [ clock_gettime(CLOCK_MONOTONIC) * 1000,
                $system->commits() ? $stores->counted() : $stores->members() ];
        });

    $row->settled($system, $roots);

    my $end = cpu($roots);

    $row->late_sample($system, $size);

    my @wrong = $row->check($system, { members => 0 }, $load, $size);

    $system->pause();

    my $round = round($load, $start, $end, @wrong);
    my $seconds = ($load->{ended} - $load->{began}) / 1000;

    $round->{seconds} = $seconds;
    $round->{rps} = $seconds > 0 ? $load->{requests} / $seconds : 0;
    $round->{points} = _points($load, \@issued, $row->{limit});
    return $round;
}


# [ milliseconds since the first request, issued, lost ] of each tenth of a second
sub _points($load, $issued, $limit) {
    my $bins = $load->{answers};
    my ($before, @points) = (0);

    for my $i (0 .. $#$bins) {
        my $time = $load->{began} + ($i + 1) * 100;
        my ($last) = grep { $_->[0] <= $time } reverse @$issued;
        my ($next) = grep { $_->[0] > $time } @$issued;

        $last //= [ $load->{began}, 0 ];
        $next //= [ $time + 1, $i == $#$bins ? $limit : $last->[1] ];

        my $share = ($time - $last->[0]) / ($next->[0] - $last->[0]);
        my $sum = $last->[1] + $share * ($next->[1] - $last->[1]);
        my $new = int($sum - $before + 0.5);

        $new = $bins->[$i] if $new > $bins->[$i];
        push @points, [ $i * 100, $new, $bins->[$i] - $new ];
        $before += $new;
    }

    return \@points;
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
