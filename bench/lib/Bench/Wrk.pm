# One run of wrk with a script of bench/load.

package Bench::Wrk;

use v5.36;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP;
use POSIX qw(ceil);
use Time::HiRes qw(time);

use BB::Process qw(await);

my $LOAD = abs_path(dirname(__FILE__) . '/../../load');
my $LONGEST = 120;       # seconds


# port, script, threads, connections, arguments (name => value)
# seconds: how long; or quota: requests of each thread, whatever time they take
# (at most seconds)
# each: called every tenth of a second with the time meanwhile
# Returns what done() in bench/load/load.lua prints, and cpu: seconds of wrk.
sub run($class, %o) {
    my $seconds = $o{seconds} // $LONGEST;
    my %arguments = ($o{arguments} // {})->%*;
    my $flag = "$o{dir}/wrk-flag";
    my @flags = map { "$flag$_" } 0 .. $o{threads} - 1;

    @arguments{qw(quota flag)} = ($o{quota}, $flag) if $o{quota};
    unlink(@flags, "$o{dir}/wrk");

    my $before = (times())[2] + (times())[3];
    my $wrk = BB::Process->start(
        argv => [ 'wrk', '-t', $o{threads}, '-c', $o{connections},
            '-d', ceil($seconds) . 's', '--timeout', '10s', '--latency',
            '-s', "$LOAD/$o{script}.lua", "http://127.0.0.1:$o{port}/", '--',
            map { "$_=$arguments{$_}" } sort keys %arguments ],
        output => "$o{dir}/wrk");

    my ($start, $next, $told) = (time(), 0, 0);

    # wrk sleeps until its time is over, or until it is interrupted
    my $over = sub {
        my $past = time() - $start;

        if ($o{each} and $past >= $next) {
            $o{each}->($past);
            $next += 0.1;
        }

        return 1 if defined $wrk->ended();

        if (not $told and ($o{quota}
            ? not(grep { not -e } @flags) : $past >= $seconds))
        {
            $wrk->signal('INT');
            $told = 1;
        }

        return 0;
    };

    my $ok = await($seconds + 20, $over);

    $wrk->stop('KILL', 5) if not $ok;
    unlink(@flags);

    open(my $said, '<', "$o{dir}/wrk") or die "wrk: $!\n";
    my $text = do { local $/; <$said> };
    my ($json) = $text =~ /^(\{"duration".*\})$/m
        or die "wrk $o{script} failed:\n$text\n";
    my $result = decode_json($json);

    $result->{cpu} = (times())[2] + (times())[3] - $before;
    return $result;
}


1;
