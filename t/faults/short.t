# The fault runner, for a short time: each kind of fault once.  make faults is the
# long form.

use v5.36;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Faults::Kinds;

my $ROOT = abs_path("$FindBin::Bin/../..");
my $DIR = "$ROOT/build/faults-short";

my $kinds = BB::Faults::Kinds::names();
my $seeds = int(($kinds + 2) / 3);     # with three stages each

# other tests run beside it
open(my $said, '-|', "$ROOT/tools/faults", '--brief', '--jobs', 3, '--dir', $DIR,
    "1..$seeds")
    or die "tools/faults: $!\n";

my ($text, %result) = ('');

while (my $line = <$said>) {
    $text .= $line;
    $result{$2} = $1 if $line =~ /\A(ok|not ok) seed (\d+) /;
}

close($said);
my $status = $?;

is($result{$_} // 'no result', 'ok', "seed $_") for 1 .. $seeds;
is($status, 0, 'nothing is wrong') or diag($text);
note($text);

# what has a result is not run again, and is in the table
my $again = `$ROOT/tools/faults --brief --continue --dir $DIR 1..$seeds`;

is($?, 0, 'the same again');
unlike($again, qr/ seed /, 'without a run');
is($again =~ s/\A\n//r, $text =~ s/.*?^(?=# Faults)//msr, 'the same table');

done_testing();
