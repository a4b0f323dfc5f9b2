# The services that the module calls, in the hands of a test: it takes each call
# as it came, and answers it when and how it likes.

package BB::Services;

use v5.36;
use Exporter qw(import);
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOMAXCONN SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

use BB::Client;
use BB::Ops;
use BB::Port;
use BB::Process qw(await scaled);

our @EXPORT = qw(data envelope settles);

my $TIMEOUT = scaled(10);
my $LOCATION = '/bb-services/';


# Gives $t, before it runs, the services, all on one port.
# breaker: directives, none opens without; keepalive: connections to keep;
# dead: 1 if nobody listens there;  quick: the time that calls of requests to
# /quick/ have, which are served like those to /stores/
# location: more text for the location of the calls;  pass: where it passes them
sub new($class, $t, %o) {
    my $self = bless { port => BB::Port::take(), conns => {}, calls => [] }, $class;

    $self->listen() if not $o{dead};

    my $breaker = $o{breaker} // 'bb_store_breaker default window=1000 calls=1000
        failures=100% slow_calls=100%;';
    my $keepalive = $o{keepalive} ? "keepalive $o{keepalive};" : '';
    my $version = $o{keepalive} ? 'proxy_http_version 1.1;
        proxy_set_header Connection "";'
        : 'proxy_http_version 1.0;';
    my $domains = $t->{domains} // 'coupon';
    my $more = $o{location} // '';
    my $pass = $o{pass} // 'http://services/';

    $t->{http} .= "$breaker
        bb_store_call_timeout 10s;
        upstream services { server 127.0.0.1:$self->{port}; $keepalive }"
        . join('', map { "bb_store_service $_ $LOCATION;\n" }
            qw(product wishlist order-query user));
    $t->{server} .= "location $LOCATION { internal; $version $more
            proxy_pass $pass; }
        location /quick/ { bb_store $domains; bb_store_mount /quick/;
            bb_store_call_timeout " . ($o{quick} // '300ms') . '; }';

    return $self;
}


sub port($self) { return $self->{port} }

sub listen($self) {
    $self->{listen} = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $self->{port}, Listen => SOMAXCONN, ReuseAddr => 1)
        // die "services: listen on port $self->{port}: $@\n";
}


# Nobody listens there any more, until listen().
sub deafen($self) { (delete $self->{listen})->close() }


# A success with that JSON.
sub envelope($data) {
    return qq({"data":$data,"message":null,"errorCode":null,"result":"SUCCESS"});
}


# The bytes of an answer.  type, status; chunks: size of each, instead of a
# Content-Length
sub data($body, %o) {
    my $type = $o{type} // 'application/json';
    my $head = 'HTTP/1.1 ' . ($o{status} // 200) . " Said\r\nContent-Type: $type\r\n";

    return "${head}Content-Length: " . length($body) . "\r\n\r\n$body"
        if not $o{chunks};

    return "${head}Transfer-Encoding: chunked\r\n\r\n"
        . join('', map { sprintf("%x\r\n%s\r\n", length, $_) }
            unpack("(a$o{chunks})*", $body), '');
}


# True once nothing is in flight to Redis or PostgreSQL; the sweep may be now.
sub settles($t) {
    return await(10, sub {
        my $status = status($t);
        return not grep { counter($status, $_, 'in_flight') }
            qw(redis postgres postgres_write);
    });
}


# Waits for the next n calls; sorted by what they ask for.  Each has text (as it
# came), line, uri, headers (name: value, sorted), body and conn.
sub calls($self, $n) {
    my $end = time() + $TIMEOUT;

    while ($self->{calls}->@* < $n) {
        $self->_read($end - time())
            or die "services: $self->{calls}->@* of $n calls have come\n";
    }

    return sort { $a->{line} cmp $b->{line} } splice($self->{calls}->@*, 0, $n);
}


# How many calls lie here that nobody has taken.
sub waiting($self) {
    1 while $self->_read(0);
    return scalar $self->{calls}->@*;
}


# Sends bytes; end: closes the connection then.  False if the caller has left.
sub say($self, $call, $bytes, %o) {
    my $sock = $call->{conn}{sock};
    my $sent = 0;

    while ($sent < length($bytes)) {
        $sent += $sock->syswrite($bytes, length($bytes) - $sent, $sent) // last;
    }

    $self->hang_up($call) if $o{end};
    return $sent == length($bytes);
}


# Closes the connection of a call; reset: by a reset
sub hang_up($self, $call, %o) {
    my $sock = $call->{conn}{sock};

    setsockopt($sock, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $o{reset};
    delete $self->{conns}{fileno($sock)};
    $sock->close();
}


# True once the module has closed the connection of a call.
sub is_left($self, $call) {
    my $sock = $call->{conn}{sock};

    return IO::Select->new($sock)->can_read($TIMEOUT)
        && not $sock->sysread(my $buffer, 1);
}


# Sends a request (method, uri, options) from $client, answers each call it
# causes as $said->($call) tells: bytes, after which the connection ends, or undef
# to leave it without an answer.  Returns the answer, and the calls.
sub ask($self, $client, $said, @request) {
    my @calls;

    $client->close() if $client->{sock} and $client->is_closed();
    $client->write(BB::Client::request_bytes(@request));

    while ($self->_read($TIMEOUT, $client->{sock})) {
        while (my $call = shift $self->{calls}->@*) {
            my $bytes = $said->($call);

            push @calls, $call;
            $self->say($call, $bytes, end => 1) if defined $bytes;
        }
    }

    return ($client->answer(head => $request[0] eq 'HEAD'), @calls);
}


# Reads what has come; false if nothing does in time, or $other is readable.
sub _read($self, $seconds, $other = undef) {
    my $select = IO::Select->new(grep { defined } $other, $self->{listen},
        map { $_->{sock} } values $self->{conns}->%*);
    my @ready = $select->can_read($seconds > 0 ? $seconds : 0);

    for my $sock (grep { not $other or $_ != $other } @ready) {
        if ($self->{listen} and $sock == $self->{listen}) {
            my $new = $sock->accept() or next;
            $self->{conns}{fileno($new)} = { sock => $new, buffer => '' };
            next;
        }

        my $conn = $self->{conns}{fileno($sock)};

        if (not $sock->sysread($conn->{buffer}, 65536, length($conn->{buffer}))) {
            delete $self->{conns}{fileno($sock)};
            next;
        }

        while (my $call = _take($conn)) { push $self->{calls}->@*, $call }
    }

    return @ready && not($other && grep { $_ == $other } @ready);
}


# A whole request off the front of the buffer, or nothing.  The module sends one at a
# time: bytes behind it are a fault.
sub _take($conn) {
    $conn->{buffer} =~ /\A(.*?)\r\n(.*?\r\n)\r\n/s or return;

    my ($line, $text, $size) = ($1, $2, $+[0]);
    my ($length) = $text =~ /^Content-Length: (\d+)\r$/m;

    $length //= 0;
    return if length($conn->{buffer}) < $size + $length;

    my $whole = substr($conn->{buffer}, 0, $size + $length, '');

    die "services: behind $line came: $conn->{buffer}\n" if length($conn->{buffer});

    return { text => $whole, line => $line, uri => (split(/ /, $line))[1],
        headers => [ sort split(/\r\n/, $text) ], body => substr($whole, $size),
        conn => $conn };
}


1;
