# CPU time of a process with all that it has started, from /proc.

package Bench::Cpu;

use v5.36;
use Exporter qw(import);
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(cpu tree settle cores place);

my $TICK = 1 / sysconf(_SC_CLK_TCK);

my $IDLE = 0.002;        # seconds of CPU in a pause that count as idle
my $PAUSE = 0.05;


# pid => [ parent, seconds of CPU of its children that have ended ]
sub _processes() {
    my %all;

    for my $file (glob('/proc/[0-9]*/stat')) {
        open(my $stat, '<', $file) or next;
        my $line = <$stat> // next;
        my ($pid, $rest) = $line =~ /\A(\d+) \(.*\) (.*)/s or next;
        my @field = split(/ /, $rest);

        $all{$pid} = [ $field[1], ($field[13] + $field[14]) * $TICK ];
    }

    return \%all;
}


# The process and its descendants, without those in @without.
sub _tree($all, $root, @without) {
    my (%children, @found);

    push $children{ $all->{$_}[0] }->@*, $_ for keys %$all;

    my @next = $root;

    while (defined(my $pid = shift @next)) {
        next if grep { $_ == $pid } @without;
        push @found, $pid if $all->{$pid};
        push @next, ($children{$pid} // [])->@*;
    }

    return @found;
}


sub tree($root) { return _tree(_processes(), $root) }


# Seconds of CPU of all threads of a process, to the nanosecond.
sub _own($pid) {
    my $sum = 0;

    for my $file (glob("/proc/$pid/task/*/schedstat")) {
        open(my $stat, '<', $file) or next;
        $sum += $1 / 1e9 if (<$stat> // '') =~ /\A(\d+)/;
    }

    return $sum;
}


# Seconds of CPU by name, for { name => [ pid, pids to leave out ] }.  What has
# ended and was waited for is in its parent's account, to a clock tick.
sub cpu($roots) {
    my $all = _processes();
    my %sum;

    for my $name (keys %$roots) {
        my ($root, @without) = $roots->{$name}->@*;

        $sum{$name} = 0;
        $sum{$name} += _own($_) + $all->{$_}[1] for _tree($all, $root, @without);
    }

    return \%sum;
}


# The cores that this process may run on.
sub cores() {
    open(my $in, '<', '/proc/self/status') or die "/proc/self/status: $!\n";
    my ($list) = map { /\ACpus_allowed_list:\s+(\S+)/ ? $1 : () } <$in>;

    return map { /(\d+)-(\d+)/ ? $1 .. $2 : $_ } split(/,/, $list);
}


# Has processes, and what they start from now on, run on these cores only.
sub place($cores, @pids) {
    my $list = join(',', @$cores);

    for my $pid (@pids) {
        my $said = qx(taskset -a -c -p $list $pid 2>&1);

        # it may have ended meanwhile
        die "taskset: $said\n" if $? and kill(0, $pid);
    }
}


# Waits until these processes have nothing more to do; false if they go on.
sub settle($roots, $seconds) {
    my $end = time() + $seconds;
    my $sum = sub { my $cpu = cpu($roots); my $n = 0; $n += $_ for values %$cpu; $n };
    my $before = $sum->();

    while (time() < $end) {
        sleep($PAUSE);

        my $now = $sum->();

        return 1 if $now - $before < $IDLE;
        $before = $now;
    }

    return 0;
}


1;
