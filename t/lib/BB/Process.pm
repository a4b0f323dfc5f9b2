# One server process of a test: started in a group of its own, ended in any case.

package BB::Process;

use v5.36;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time sleep);
use Exporter qw(import);

our @EXPORT_OK = qw(await children scaled server_user is_alive);

my @SERVER_USERS = qw(postgres nobody);
my $SLOW = $ENV{BB_SLOW} // 1;


# A time, longer by as much as nginx is slower under a checker (see tools/check):
# for deadlines, and for what must be done by one of them.
sub scaled($time) { return $time * $SLOW }


# Waits until $condition holds, at most $seconds, scaled; returns its last value.
sub await($seconds, $condition) {
    my $end = time() + scaled($seconds);

    while (1) {
        my $value = $condition->();

        return $value if $value or time() > $end;
        sleep(0.005);
    }
}


# The user of servers that refuse to be root; undef for who is not root.
sub server_user() {
    return undef if $>;

    for my $name (@SERVER_USERS) {
        return $name if defined getpwnam($name);
    }

    die "none of the users @SERVER_USERS exists\n";
}


# A zombie has ended.
sub is_alive($pid) {
    open(my $stat, '<', "/proc/$pid/stat") or return 0;
    my $line = <$stat> // return 0;

    return $line !~ /\) [ZX] /;
}


# The processes that $parent started and that run.
sub children($parent) {
    my @pids;

    for my $file (glob('/proc/[0-9]*/stat')) {
        open(my $stat, '<', $file) or next;
        my $line = <$stat> // next;

        push @pids, $1 if $line =~ /\A(\d+) \(.*\) ([^ZX]) (\d+) / and $3 == $parent;
    }

    return @pids;
}


# argv: command line; user: runs as this user; output: file that receives
# stdout and stderr; death: signal for the server when the test is killed.
sub start($class, %o) {
    my @guard = ('setpriv', '--pdeathsig', $o{death} // 'KILL');

    push @guard, '--reuid', $o{user}, '--regid', (getgrgid((getpwnam($o{user}))[3]))[0],
        '--clear-groups' if defined $o{user};

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        setpgrp(0, 0);
        open(STDIN, '<', '/dev/null');
        open(STDOUT, '>>', $o{output}) or POSIX::_exit(127);
        open(STDERR, '>&', \*STDOUT);
        no warnings 'exec';
        exec(@guard, '--', $o{argv}->@*) or warn "exec $guard[0]: $!\n";
        POSIX::_exit(127);
    }

    return bless { pid => $pid, name => $o{argv}[0], output => $o{output} }, $class;
}


sub pid($self) { return $self->{pid} }


sub signal($self, $signal) {
    return kill($signal, $self->{pid}) if not $self->ended();
}


# The wait status once the process has ended, else undef.
sub ended($self) {
    if (not defined $self->{status}
        and waitpid($self->{pid}, WNOHANG) == $self->{pid})
    {
        $self->{status} = $?;
    }

    return $self->{status};
}


# Dies with the server's own words unless $condition holds in time.
sub ready($self, $seconds, $condition) {
    my $done = await($seconds, sub { defined $self->ended() or $condition->() });

    return if $done and not defined $self->ended();

    open(my $output, '<', $self->{output});
    local $/;
    die "$self->{name} did not start:\n", <$output> // '', "\n";
}


# Ends the process; true if it went by itself within $seconds, scaled.
sub stop($self, $signal, $seconds) {
    my $willing = 1;

    if (not defined $self->ended()) {
        kill('CONT', $self->{pid});
        kill($signal, $self->{pid});

        if (not await($seconds, sub { defined $self->ended() })) {
            $willing = 0;
            kill('KILL', $self->{pid});
            await(5, sub { defined $self->ended() });
        }
    }

    return $willing;
}


1;
