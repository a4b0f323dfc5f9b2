# A TCP proxy in front of one server of a test, in a process of its own: what
# passes it can be cut off in the middle of a reply, or come byte by byte, and
# the address can be given to another server.

package BB::Proxy;

use v5.36;
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use List::Util qw(sum0);
use POSIX ();
use Socket qw(AF_UNIX IPPROTO_TCP PF_UNSPEC SOCK_STREAM SOMAXCONN TCP_NODELAY);

use BB::Port;

my $CHUNK = 65536;       # bytes that wait for one side at most
my $GAP = 0.00005;       # seconds between two single bytes

# of Linux: the option, and where struct tcp_info has the segments received that
# had data
my ($TCP_INFO, $SEGMENTS) = (11, 152);


# target: the server's port
sub new($class, %o) {
    my $self = bless { port => BB::Port::take(), target => $o{target} }, $class;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $self->{port}, Listen => SOMAXCONN, ReuseAddr => 1)
        // die "listen on port $self->{port}: $!\n";

    socketpair($self->{control}, my $control, AF_UNIX, SOCK_STREAM, PF_UNSPEC)
        or die "socketpair: $!\n";
    $self->{pid} = fork() // die "fork: $!\n";

    if ($self->{pid} == 0) {
        close($self->{control});
        eval { $self->_serve($listener, $control) };
        print STDERR $@ if $@;
        POSIX::_exit($@ ? 1 : 0);
    }

    close($control);
    $self->{control}->autoflush(1);
    return $self;
}


sub port($self) { return $self->{port} }

# Ends all connections and leads new ones to another server.
sub target($self, $port) { return $self->_ask('target', $port) }

# Lets so many more bytes of replies pass on each connection, then ends it; 0: no
# connection that is there is ended.
sub cut($self, $bytes) { return $self->_ask('cut', $bytes) }

# 1: replies come byte by byte;  0: as they are
sub dribble($self, $on) { return $self->_ask('dribble', $on) }

# How many segments with data the clients have sent on connections that are there.
sub segments($self) { return $self->_ask('segments', 0) }


sub stop($self) {
    my $pid = delete $self->{pid} // return;

    kill('KILL', $pid);
    waitpid($pid, 0);
}


# Returns when the command is in force; what it found.
sub _ask($self, $command, $value) {
    local $SIG{PIPE} = 'IGNORE';

    print { $self->{control} } "$command $value\n";
    (readline($self->{control}) // '') =~ /\Adone(?: (\d+))?\n/
        or die "the proxy has ended\n";
    return $1;
}


# In the process of its own.  A connection is a pair of links, one for each
# direction: from, to, wait: bytes that are on their way; left: how many may pass
# before it is cut, if it is to be; reply: 1 if it carries what the server says
sub _serve($self, $listener, $control) {
    my $commands = '';

    local $SIG{PIPE} = 'IGNORE';
    local @SIG{qw(INT TERM)} = ('DEFAULT') x 2;

    $self->{links} = {};           # by the descriptor that is read
    $self->{dribble} = 0;
    $control->autoflush(1);

    while (1) {
        my @links = values $self->{links}->%*;
        my ($readable, $writable) = IO::Select->select(
            IO::Select->new($control, $listener,
                map { $_->{from} } grep { length($_->{wait}) < $CHUNK } @links),
            IO::Select->new(map { $_->{to} } grep { length($_->{wait}) } @links),
            undef);
        my %writable = map { fileno($_) => 1 } @$writable;

        select(undef, undef, undef, $GAP) if $self->{dribble};

        for my $link (@links) {
            $self->_pass($link)
                if $link->{to}->opened() and $writable{fileno($link->{to})};
        }

        for my $sock (grep { $_->opened() } @$readable) {
            if ($sock == $control) {
                sysread($control, $commands, 4096, length($commands)) or return;

                while ($commands =~ s/\A(\w+) (\d+)\n//) {
                    my @found = $self->_command($1, $2);

                    print $control "@{[ 'done', @found ]}\n";
                }

            } elsif ($sock == $listener) {
                $self->_accept($listener);

            } elsif (my $link = $self->{links}{fileno($sock) // -1}) {
                $self->_read($link);
            }
        }
    }
}


sub _command($self, $command, $value) {
    my @replies = grep { $_->{reply} } values $self->{links}->%*;

    if ($command eq 'cut') {
        $_->{left} = $value || undef for @replies;
        return;
    }

    return sum0(map { unpack("x$SEGMENTS L", getsockopt($_->{to}, IPPROTO_TCP, $TCP_INFO)) }
        @replies) if $command eq 'segments';

    $self->{$command} = $value;
    $self->_drop($_) for $command eq 'target' ? @replies : ();
    return;
}


sub _accept($self, $listener) {
    my $client = $listener->accept() // return;
    my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $self->{target}) // return;

    for my $side ([ $client, $server, 0 ], [ $server, $client, 1 ]) {
        my ($from, $to, $reply) = @$side;

        $from->blocking(0);
        setsockopt($from, IPPROTO_TCP, TCP_NODELAY, 1);
        $self->{links}{fileno($from)} = { from => $from, to => $to, wait => '',
            reply => $reply };
    }
}


sub _read($self, $link) {
    my $n = $link->{from}->sysread($link->{wait}, $CHUNK, length($link->{wait}));

    return if $n or not defined $n and ($!{EAGAIN} or $!{EINTR});

    # what was said before the end is passed on
    $link->{to}->syswrite($link->{wait}) if length($link->{wait});
    $self->_drop($link);
}


sub _pass($self, $link) {
    my $n = $self->{dribble} && $link->{reply} ? 1 : length($link->{wait});

    $n = $link->{left} if defined $link->{left} and $link->{left} < $n;
    $n = $link->{to}->syswrite($link->{wait}, $n) // return;
    substr($link->{wait}, 0, $n, '');

    return if not defined $link->{left};
    $link->{left} -= $n;
    $self->_drop($link) if $link->{left} == 0;
}


# Both directions.
sub _drop($self, $link) {
    for my $side ($link->@{qw(from to)}) {
        delete $self->{links}{fileno($side) // -1};
        $side->close();
    }
}


1;
