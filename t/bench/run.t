# The comparison measures what it says, believes nobody, and leaves nothing
# behind.  No figure is looked at: this machine is busy.

use v5.36;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use JSON::PP;
use lib map { "$FindBin::Bin/$_" } '../lib', '../../bench/lib';
use Test::More;

use BB::Program;
use Bench::Results;

my $ROOT = abs_path("$FindBin::Bin/../..");
my $dir = tempdir('bb-store-t-XXXXXX', TMPDIR => 1, CLEANUP => 1);

chmod(0755, $dir);
mkdir("$dir/tmp");
chmod(0755, "$dir/tmp");
$SIG{$_} = sub { exit(1) } for qw(INT TERM HUP);


my %said;                # by the runs

# if a test fails there may be more to know
END { Test::More->builder->is_passing() or diag("$_:\n$said{$_}") for sort keys %said }

# Runs bench/run; on_text: called with its words until then.  Returns its exit
# status, its words, its results, and those of its processes that are left.
sub bench($name, $on_text, @arguments) {
    my @ended = run_program($dir, $name, $on_text, "$ROOT/bench/run",
        "--output=$dir/$name.json", @arguments);
    my $json = slurp("$dir/$name.json");

    $said{$name} = $ended[1];

    return (@ended, $json ? decode_json($json) : {});
}


sub cells($rows) {
    return join("\n", sort map { join(' ', @$_{qw(row ack system workers connections
        coupons)}, $_->{valid} ? 'valid' : 'invalid') } @$rows);
}


# The report of that run; its files are well-formed.
sub report($name) {
    my $said = `$ROOT/bench/report $dir/$name.json $dir/$name 2>&1`;

    is($?, 0, "$name: the report is written") or diag($said);

    my @plots = map { "$dir/$name/plots/$_.svg" } qw(throughput cpu latency drop);
    my @broken = grep { -e and system('python3', '-c', 'import sys, '
        . 'xml.dom.minidom as x; x.parse(sys.argv[1])', $_) } @plots;

    is("@broken", '', "$name: the plots are XML");
    unlike(join('', map { slurp($_) } @plots), qr/nan|inf|HASH|ARRAY/i,
        "$name: of numbers");

    return slurp("$dir/$name/report.md");
}


# without a peer's programs, and without any

{
    my @warned;
    local $SIG{__WARN__} = sub { push @warned, @_ };
    local $ENV{PATH} = "$dir/tmp";
    my $results = Bench::Results->new(file => "$dir/bare.json", command => 'x');

    is_deeply($results->{head}{machine}{versions}, {}, 'no programs: no versions');
    is("@warned", '', 'and nothing else to say');
}


# everything once

my @peers = grep { -x "$ROOT/bench/peers/$_/start" } 'openresty';
my @systems = ('bb_store', @peers);
my ($status, $text, $results) = bench('quick', undef, '--quick', '--systems='
    . join(',', @systems, 'return200'), '--rows=claim,soldout,drop,my,subtract,engines');

is($status, 0, 'quick: all is valid') or diag($text);
is(cells($results->{rows}), join("\n", sort map({ ("claim commit $_ 1 8 1 valid",
        "claim commit $_ 1 8 3 valid", "claim claim $_ 1 8 1 valid",
        "subtract commit $_ 1 8 1 valid") } @systems),
    map { ("soldout commit $_ 1 8 1 valid", "soldout commit $_ 1 8 3 valid",
        "my commit $_ 1 8 1 valid") } @systems, 'return200'), 'quick: all rows');
is(cells($results->{drops}), join("\n", map { "drop commit $_ 1 8 1 valid" }
    sort @systems), 'quick: the drop');
cmp_ok(scalar(grep { $_->{valid} } $results->{engines}->@*), '==', 4,
    'quick: all engines');
is_deeply($results->{notes}, [], 'quick: nothing to say');

my ($claim) = grep { $_->{row} eq 'claim' and $_->{ack} eq 'commit'
    and $_->{system} eq 'bb_store' } $results->{rows}->@*;
my $round = $claim->{rounds}[0];

is(scalar(grep { not $_ } @$round{qw(rps p50 p99 p999 requests seconds)}), 0,
    'quick: figures of a round');
is(scalar(grep { not $_ } @{ $round->{cpu} }{qw(nginx redis postgres)}), 0,
    'quick: each process has worked');

my ($drop) = grep { $_->{system} eq 'bb_store' } $results->{drops}->@*;
my ($issued, $lost) = (0, 0);

for my $point ($drop->{points}->@*) {
    $issued += $point->[1];
    $lost += $point->[2];
}

is($issued, 20, 'quick: the drop\'s line has all that were issued');
cmp_ok($lost, '>=', 400 - 20 - 8, 'quick: and lost');

my $report = report('quick');

is(join(' ', map { s{.*/}{}r } sort glob("$dir/quick/plots/*")),
    'cpu.svg drop.svg latency.svg throughput.svg', 'quick: all plots');
like($report, qr/^## The engines alone$/m, 'quick: the report ends well');
like($report, qr/^\| 1 \| 3 \| 8 \| bb_store \|/m, 'quick: and has the rows');
unlike($report, qr/\(invalid\)/, 'quick: all valid');


# a peer that answers well and does nothing

{
    local $ENV{BB_BENCH_PEERS} = "$ROOT/t/bench";

    ($status, $text, $results) = bench('liar', undef, '--quick', '--systems=liar',
        '--rows=claim-commit,soldout');
}

isnt($status, 0, 'liar: the run says so');
is(cells($results->{rows}), join("\n", map { my $row = $_;
    map { "$row commit liar 1 8 $_ invalid" } 1, 3 } qw(claim soldout)),
    'liar: nothing of it counts');
like($results->{rows}[0]{rounds}[0]{wrong}[0], qr/^0 new holders, \d+ of \d+ requests/,
    'liar: why');
like(join(' ', $results->{notes}->@*), qr/soldout .* answered 200 "" where already/,
    'liar: a wrong answer is noticed');
like(report('liar'), qr/\(invalid\).*^## Invalid\n.*claim commit liar/ms,
    'liar: the report says so');


# stopped in the middle

my $told = 0;

($status, $text, $results) = bench('stopped', sub($run, $said) {
    kill('INT', $run->pid()) if $said =~ m{^1/}m and not $told++;
}, '--quick', '--rounds=3', '--systems=bb_store', '--rows=claim');

is($told > 0, 1, 'stopped: in the middle');
isnt($status, 0, 'stopped: the run says so');
like($text, qr/stopped by SIGINT/, 'stopped: and why');
cmp_ok(scalar $results->{rows}->@*, '>=', 1, 'stopped: what was measured is there');
like(report('stopped'), qr/^\| 1 \| 1 \| 8 \| bb_store \|/m, 'stopped: and reported');

done_testing();
