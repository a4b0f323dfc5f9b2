# A program of bench/ as a test runs it: what it says, and what it leaves behind.

package BB::Program;

use v5.36;
use Exporter qw(import);
use Test::More;

use BB::Process qw(await is_alive);
use Bench::Cpu;

our @EXPORT = qw(run_program slurp);

my $EACH = 10;           # looks for its end, from one at its processes to the next
my $LIMIT = 600;         # seconds until it is taken for one that hangs


# Empty if there is no such file.
sub slurp($file) {
    open(my $in, '<', $file) or return '';
    local $/;
    return scalar(<$in>) // '';
}


# When a process began: its number may be another's later.
sub _began($pid) {
    return slurp("/proc/$pid/stat") =~ /\A.*\) (?:\S+ ){19}(\d+) /s ? $1 : '';
}


# dir: its words are in <name>.log there, its temporary files in tmp
# on_text: called with the process and its words until it ends, or undef
# Returns its status and words.
sub run_program($dir, $name, $on_text, @argv) {
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    my ($looks, %seen) = (0);

    local $ENV{TMPDIR} = "$dir/tmp";

    my $run = BB::Process->start(death => 'TERM', output => "$dir/$name.log",
        argv => \@argv);
    my $ended = await($LIMIT, sub {
        # all of /proc is read
        if ($looks++ % $EACH == 0) {
            $seen{$_} //= _began($_) for Bench::Cpu::tree($run->pid());
        }

        $on_text->($run, slurp("$dir/$name.log")) if $on_text;
        return defined $run->ended();
    });

    $run->stop('TERM', 20) if not $ended;

    my @left = grep { is_alive($_) and _began($_) eq $seen{$_} } keys %seen;

    cmp_ok(scalar keys %seen, '>', 5, "$name: its processes were seen");
    is("@left", '', "$name: no process is left");
    is(join(' ', glob("$dir/tmp/*")), '', "$name: no file is left");

    return ($run->ended(), slurp("$dir/$name.log"));
}


1;
