# The measurement of how cost and size grow runs, checks what it measures, and
# leaves nothing behind.  No figure is looked at that depends on speed.

use v5.36;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use FindBin;
use lib map { "$FindBin::Bin/$_" } '../lib', '../../bench/lib';
use Test::More;

use BB::Program;
use Bench::Engines;

my $ROOT = abs_path("$FindBin::Bin/../..");
my $dir = tempdir('bb-store-t-XXXXXX', TMPDIR => 1, CLEANUP => 1);

chmod(0755, $dir);
mkdir("$dir/tmp");
chmod(0755, "$dir/tmp");
$SIG{$_} = sub { exit(1) } for qw(INT TERM HUP);


# Runs bench/scale; on_text: called with its words until it ends.  Returns its
# status and words.
sub scale($name, $on_text, @arguments) {
    return run_program($dir, $name, $on_text, "$ROOT/bench/scale", '--quick', @arguments);
}


# the other parts differ from batch in one number
my @parts = qw(memory reload batch holders writers reads refusal overload);
my ($status, $text) = scale('quick', undef, @parts);

is($status, 0, 'all is valid') or diag($text);

my @tables = $text =~ /^### (.+)\n\n((?:\|.*\n)+)/mg;
my $number = qr/[-\d.+]+/;

is(scalar @tables / 2, @parts + 1, 'a table of each part, and two of one');

while (my ($title, $table) = splice(@tables, 0, 2)) {
    my ($head, $line, @rows) = split(/\n/, $table);
    my $cells = () = $head =~ /\|/g;

    cmp_ok(scalar @rows, '>=', 1, "$title: has rows");
    is(scalar(grep { (() = /\|/g) != $cells } $line, @rows), 0,
        "$title: whole rows");
    is(scalar(grep { not /\A\| [^|]+ \| $number(?: KB| bytes)? \|/ } @rows), 0,
        "$title: of figures") or diag($table);
}

# what is no matter of speed
my ($batch) = $text =~ /^### Claims by bb_store_coupon_batch.*\n\n((?:\|.*\n)+)/m;

like($batch, qr/^\| 1 \|.*\| 1\.0 \|$/m, 'a batch of one is one');

my ($reads) = $text =~ /^### Reads.*\n\n((?:\|.*\n)+)/m;

is(scalar(() = $reads =~ m{^\| /(?:stores|client)/\S*, \w+/\w+ \|}mg), 13,
    'each read beside its statement');

# pgbench numbers variables as it meets them
my @met;
my %number = (a => 1, b => 2, c => 3, null => 4, d => 5, e => 6);
my $sent = Bench::Engines::statement('question/store', storeId => 'a', user => 'b',
        owner => 'c', limit => 'd', offset => 'e')
    =~ s/(?<!:):(\w+)/push(@met, $number{$1}); "<$number{$1}>"/ger
    =~ s/\$(\d+)/<$met[$1 - 1]>/gr;

is($sent, slurp("$ROOT/sql/question/store.sql") =~ s/^--.*\n//mgr =~ s/\s+\z//r
    =~ s/\$(\d+)/<$1>/gr, 'the statement itself');

my ($over) = $text =~ /refused, per cent \| ([\d.]+)/;

cmp_ok($over, '>', 0, 'a queue of one refuses');


# stopped in the middle

my $told = 0;

($status, $text) = scale('stopped', sub($run, $said) {
    kill('INT', $run->pid()) if $said =~ /^###/m and not $told++;
}, 'reload', 'memory');

is($told > 0, 1, 'stopped: in the middle');
isnt($status, 0, 'stopped: it says so');
like($text, qr/stopped by SIGINT/, 'stopped: and why');

done_testing();
