# HTTP over raw sockets: single requests on a kept connection, exact bytes, and
# many connections at once.

package BB::Client;

use v5.36;
use Errno qw(EAGAIN EINTR);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

use BB::Process qw(scaled);
use BB::Response;

my $TIMEOUT = scaled(10);
my $JSON = JSON::PP->new->canonical->allow_nonref;


sub new($class, $port) { return bless { port => $port, buffer => '' }, $class }


# The bytes of one request.
# user: value of userId, or a list of values;  headers: [ name, value, ... ]
# body: bytes, or a structure to be sent as JSON
# type: media type, JSON unless told; undef for none
# chunks: the body in chunks instead;  length: another Content-Length
sub request_bytes($method, $uri, %o) {
    my $body = ref $o{body} ? $JSON->encode($o{body}) : $o{body};
    my @headers = (Host => 'test', ($o{headers} // [])->@*);
    my $users = $o{user} // [];

    push @headers, map { (userId => $_) } ref $users ? @$users : $users;

    if (defined $body or $o{chunks}) {
        my $type = exists $o{type} ? $o{type} : 'application/json';

        push @headers, 'Content-Type' => $type if defined $type;
    }

    if ($o{chunks}) {
        push @headers, 'Transfer-Encoding' => 'chunked';
        $body = join('', map { sprintf("%x\r\n%s\r\n", length, $_) }
            $o{chunks}->@*, '');

    } elsif (defined $body or defined $o{length}) {
        push @headers, 'Content-Length' => $o{length} // length($body);
    }

    my $head = "$method $uri HTTP/1.1\r\n";

    while (my ($name, $value) = splice(@headers, 0, 2)) {
        $head .= "$name: $value\r\n";
    }

    return "$head\r\n" . ($body // '');
}


# One request and its answer; on a new connection if the last one was closed.
sub request($self, $method, $uri, %o) {
    $self->close() if $self->{sock} and $self->is_closed();
    $self->write(request_bytes($method, $uri, %o));

    my $answer = $self->answer(head => $method eq 'HEAD');

    $self->close() if lc($answer->header('Connection') // '') eq 'close';
    return $answer;
}


# Sends bytes as they are.
sub write($self, $bytes) {
    my $sock = $self->_sock();
    my $sent = 0;

    while ($sent < length($bytes)) {
        my $n = $sock->syswrite($bytes, length($bytes) - $sent, $sent);

        next if not defined $n and $! == EINTR;
        return 0 if not defined $n;        # the server closed it; see answer()
        $sent += $n;
    }

    return 1;
}


# The next answer on this connection; one of status 0 if it does not come.
# timeout: seconds until then
sub answer($self, %o) {
    my $sock = $self->_sock();
    my $end = time() + (defined $o{timeout} ? scaled($o{timeout}) : $TIMEOUT);
    my $eof = 0;

    while (1) {
        my $answer = BB::Response->take(\$self->{buffer}, %o, eof => $eof);

        return $answer if $answer;
        return BB::Response->none('connection closed') if $eof;
        return BB::Response->none('timed out')
            if not IO::Select->new($sock)->can_read($end - time());

        my $n = $sock->sysread($self->{buffer}, 65536, length($self->{buffer}));

        $eof = 1 if not $n and not (not defined $n and $! == EINTR);
    }
}


# True if the server has closed the connection and nothing is left to read.
sub is_closed($self, %o) {
    my $sock = $self->{sock} // return 1;

    return 0 if length($self->{buffer});
    return 0 if not IO::Select->new($sock)->can_read(scaled($o{timeout} // 0));

    my $n = $sock->sysread($self->{buffer}, 65536, length($self->{buffer}));

    return not $n;
}


sub close($self) {
    $self->{sock}->close() if $self->{sock};
    $self->{sock} = undef;
    $self->{buffer} = '';
}


sub _sock($self) { return $self->{sock} //= _connect($self->{port}) }


sub _connect($port) {
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port, Timeout => $TIMEOUT)
        // die "connect to port $port: $@\n";

    setsockopt($sock, IPPROTO_TCP, TCP_NODELAY, 1);
    return $sock;
}


# Sends many requests over several connections, each kept and used for the next
# request as soon as it has answered; returns all answers in request order.
# requests:   [ [ method, uri, options of request_bytes ], ... ]
# connections: how many
# on_answer:  called with the number of answers so far, the number of requests sent
#             so far and the index of the request; may use other connections
sub burst($port, %o) {
    my @requests = $o{requests}->@*;
    my (@answers, %busy);
    my ($next, $done) = (0, 0);
    my $readers = IO::Select->new();
    my $writers = IO::Select->new();
    my $end = time() + scaled($o{timeout} // 120);

    my $start = sub($c) {
        $c->{sock} //= do {
            my $sock = _connect($port);
            $sock->blocking(0);
            $sock;
        };
        $c->{index} = $next++;
        $c->{out} = request_bytes($requests[$c->{index}]->@*);
        $c->{in} = '';
        $busy{fileno($c->{sock})} = $c;
        $readers->add($c->{sock});
        $writers->add($c->{sock});
    };

    my $finish = sub($c, $answer, $keep) {
        $readers->remove($c->{sock});
        $writers->remove($c->{sock});
        delete $busy{fileno($c->{sock})};

        if (not $keep) {
            $c->{sock}->close();
            $c->{sock} = undef;
        }

        $answers[$c->{index}] = $answer;
        $o{on_answer}->(++$done, $next, $c->{index}) if $o{on_answer};
        $start->($c) if $next < @requests;
    };

    for (1 .. $o{connections}) {
        last if $next == @requests;
        $start->({});
    }

    while (%busy) {
        my ($readable, $writable) = IO::Select->select($readers, $writers,
            undef, $end - time());

        die "burst: no answer to " . keys(%busy) . " requests\n"
            if not $readable;

        for my $sock (@$writable) {
            my $c = $busy{fileno($sock)};
            my $n = $sock->syswrite($c->{out});

            substr($c->{out}, 0, $n, '') if $n;
            $writers->remove($sock) if not length($c->{out})
                or (not defined $n and $! != EAGAIN);
        }

        for my $sock (@$readable) {
            my $c = $busy{fileno($sock)};
            my $n = $sock->sysread($c->{in}, 65536, length($c->{in}));

            next if not defined $n and ($! == EAGAIN or $! == EINTR);

            my $answer = BB::Response->take(\$c->{in}, eof => not($n),
                head => $requests[$c->{index}][0] eq 'HEAD');

            if ($answer) {
                $finish->($c, $answer, $n
                    && lc($answer->header('Connection') // '') ne 'close');

            } elsif (not $n) {
                $finish->($c, BB::Response->none('connection closed'), 0);
            }
        }
    }

    return @answers;
}


1;
