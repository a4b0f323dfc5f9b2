# The clients of a run of the fault runner, in a process of their own: bursts of
# draws over kept connections, some for what the user has already, some for all
# coupons of the store, some by clients that leave at once.  Who gets no answer
# or 503 comes again after a short while.
#
# Each request is a line of the history, see BB::Faults::History.

package BB::Faults::Load;

use v5.36;
use Errno qw(EAGAIN EINTR);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Socket qw(AF_UNIX IPPROTO_TCP PF_UNSPEC SOCK_STREAM TCP_NODELAY);
use Time::HiRes qw(time);

use BB::Answer;
use BB::Client;
use BB::Faults::Random;
use BB::Response;

my $CONNECTIONS = 40;
my $CLUMP = 32;          # requests that begin at the same moment, at most
my $PAUSE = 0.04;        # seconds between such moments
my $GIVE_UP = 15;        # seconds without an answer
my $AGAIN = 0.1;         # seconds until a client comes again

my $BODY = '{"nickname":"봄이","phoneNumber":"01012345678"}';


# port: of nginx;  seed;  history: the file to write;  begin: the time from which
# the history counts
sub new($class, %o) {
    my $self = bless { %o }, $class;

    socketpair($self->{control}, my $control, AF_UNIX, SOCK_STREAM, PF_UNSPEC)
        or die "socketpair: $!\n";
    $self->{pid} = fork() // die "fork: $!\n";

    if ($self->{pid} == 0) {
        close($self->{control});
        eval { $self->_serve($control) };
        print STDERR $@ if $@;
        POSIX::_exit($@ ? 1 : 0);
    }

    close($control);
    $self->{control}->autoflush(1);
    return $self;
}


# Begins to draw for a stage of the schedule.
sub begin($self, $stage, %o) { $self->_ask({ do => 'begin', stage => $stage, %o }) }

# Begins no more requests; those under way go on.
sub pause($self) { $self->_ask({ do => 'pause' }) }

# Everybody who does not know where he stands draws again, until he does or so many
# seconds are over, and $newcomer each coupon.
sub again($self, $newcomer, $seconds) {
    $self->_ask({ do => 'again', newcomer => $newcomer, seconds => $seconds });
}

# How many answers came in this stage, how many of them were no 503, and how many
# are to come.
sub count($self) { return $self->_ask({ do => 'count' })->@* }


sub stop($self) {
    my $pid = delete $self->{pid} // return;

    kill('KILL', $pid);
    waitpid($pid, 0);
}


sub _ask($self, $command) {
    print { $self->{control} } encode_json($command), "\n";
    return decode_json(readline($self->{control})
        // die "the clients have ended\n");
}


sub _serve($self, $control) {
    local $SIG{PIPE} = 'IGNORE';
    local @SIG{qw(INT TERM)} = ('DEFAULT') x 2;

    open($self->{out}, '>', $self->{history}) or die "$self->{history}: $!\n";
    $self->{out}->autoflush(1);
    $control->autoflush(1);

    $self->@{qw(idle busy later)} = ([], {}, []);

    my $commands = '';

    while (1) {
        my @busy = values $self->{busy}->%*;
        my $select = IO::Select->new($control,
            map { $_->{sock} } @busy, $self->{idle}->@*);

        for my $sock ($select->can_read($self->_wait())) {
            if ($sock == $control) {
                sysread($control, $commands, 65536, length($commands)) or return;

                while ($commands =~ s/\A(.*)\n//) {
                    print $control encode_json($self->_command(decode_json($1))),
                        "\n";
                }

            } elsif (my $c = $self->{busy}{fileno($sock) // -1}) {
                $self->_read($c);

            } else {
                # an idle connection that the server has closed
                $self->{idle} = [ grep { $_->{sock} != $sock } $self->{idle}->@* ];
            }
        }

        my $now = time();

        for my $c (grep { $now >= $_->{until} } values $self->{busy}->%*) {
            $self->_end($c, $c->{leaves} ? 'left' : 'timed out', 0);
        }

        $self->_clump($now) if $self->{runs} and $now >= $self->{next};
    }
}


sub _command($self, $command) {
    my $do = $command->{do};

    if ($do eq 'begin') {
        my $stage = $self->{stage} = $command->{stage};

        $self->{random} = BB::Faults::Random->new(
            $self->{seed} * 1000 + $stage->{store});
        $self->{leaving} = $command->{leaving};
        $self->@{qw(answers served next runs again)} = (0, 0, time(), 1, 0);
        $self->{later} = [];
        $self->{open} = {};

    } elsif ($do eq 'pause') {
        $self->@{qw(runs later)} = (0, []);

    } elsif ($do eq 'again') {
        $self->{later} = [ map { +{ at => 0, %$_ } }
            (map { $self->{open}{$_} } sort keys $self->{open}->%*),
            map { +{ coupon => $_->{id}, user => $command->{newcomer} } }
                $self->{stage}{coupons}->@* ];
        $self->@{qw(runs again next)} = (1, time() + $command->{seconds}, time());
    }

    # connections of one stage are not those of the next
    $self->{idle} = [] if $do ne 'count';

    return [ $self->@{qw(answers served)},
        $self->{busy}->%* + $self->{later}->@* ] if $do eq 'count';
    return [];
}


sub _wait($self) {
    my $at = time() + 0.1;

    $at = $self->{next} if $self->{runs} and $self->{next} < $at;

    for my $c (values $self->{busy}->%*) {
        $at = $c->{until} if $c->{until} < $at;
    }

    my $wait = $at - time();

    return $wait > 0 ? $wait : 0;
}


# Starts some requests at once: those who come again first, then new ones.
sub _clump($self, $now) {
    my $random = $self->{random};
    my $n = 1 + $random->below($CLUMP);

    $self->{next} = $now + $PAUSE;

    while ($n-- and $self->{busy}->%* < $CONNECTIONS) {
        my ($first) = grep { $_->{at} <= $now } $self->{later}->@*;

        if ($first) {
            $self->{later} = [ grep { $_ != $first } $self->{later}->@* ];
            $self->_start({ %$first });
            next;
        }

        last if $self->{again};
        $self->_start($self->_draw());
    }
}


sub _draw($self) {
    my ($random, $stage) = $self->@{qw(random stage)};
    my @coupons = $stage->{coupons}->@*;
    my $user = $stage->{store} * 1000 + $random->below($stage->{users});
    my $all = $random->below(20) == 0;
    my $coupon = $coupons[ $random->below(scalar @coupons) ]{id};

    return {
        coupon => $all ? 0 : $coupon, user => $user,
        leaves => $random->below(100) < ($self->{leaving} // 2),
        patience => $random->below(30) / 1000,
    };
}


sub _start($self, $request) {
    my $sock = @{ $self->{idle} } ? pop($self->{idle}->@*)->{sock}
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port},
            Timeout => 5);
    my $c = { sock => $sock, request => $request, in => '', sent => time() };

    if (not $sock) {
        $self->_end($c, 'refused', 0);
        return;
    }

    setsockopt($sock, IPPROTO_TCP, TCP_NODELAY, 1);
    $sock->blocking(0);

    my $uri = $request->{coupon} ? "/stores/coupons/$request->{coupon}"
        : "/stores/$self->{stage}{store}/coupons/all";

    # small enough for the socket's empty buffer
    $sock->syswrite(BB::Client::request_bytes('POST', $uri,
        user => $request->{user}, body => $BODY));

    $c->{leaves} = $request->{leaves};
    $c->{until} = $c->{sent} + ($c->{leaves} ? $request->{patience} : $GIVE_UP);
    $self->{busy}{fileno($sock)} = $c;
}


sub _read($self, $c) {
    my $n = $c->{sock}->sysread($c->{in}, 65536, length($c->{in}));

    return if not defined $n and ($! == EAGAIN or $! == EINTR);

    my $answer = BB::Response->take(\$c->{in}, eof => not($n));

    if ($answer) {
        $self->_end($c, verdict($answer),
            $n && lc($answer->header('Connection') // '') ne 'close');

    } elsif (not $n) {
        $self->_end($c, 'connection closed', 0);
    }
}


sub _end($self, $c, $outcome, $keep) {
    my ($request, $now) = ($c->{request}, time());
    my $who = "$request->{user} $request->{coupon}";

    if ($c->{sock}) {
        delete $self->{busy}{fileno($c->{sock})};
        $keep ? push($self->{idle}->@*, $c) : $c->{sock}->close();
    }

    if ($outcome =~ /\A(?:UNAVAILABLE|connection closed|refused|left|timed out)\z/) {
        my $next = { coupon => $request->{coupon}, user => $request->{user} };

        $self->{open}{$who} = $next;
        push $self->{later}->@*, { %$next, at => $now + $AGAIN }
            if $self->{runs} and $self->{again} ? $now < $self->{again}
                : $outcome ne 'left';

    } else {
        delete $self->{open}{$who};
        $self->{served}++;
    }

    $self->{answers}++;
    $outcome =~ s/[\t\n]/ /g;

    printf { $self->{out} } "%d\t%d\t%d\t%d\t%.4f\t%.4f\t%s\n",
        $self->{stage}{store}, $self->{again} > 0, $request->@{qw(coupon user)},
        $c->{sent} - $self->{begin}, $now - $c->{sent}, $outcome;
}


1;
