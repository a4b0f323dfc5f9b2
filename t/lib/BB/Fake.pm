# Another service as the tests want it: the upstream of a location, or one that
# the module calls.  Keeps every request it gets, exactly as it came.

package BB::Fake;

use v5.36;
use Digest::SHA qw(sha256_hex);
use Fcntl qw(:flock);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Socket qw(SOMAXCONN);

use BB::Port;

my $JSON = JSON::PP->new->canonical;
my $SILENCE = 60;        # seconds after which a connection gives up


# log: file for the requests
# answer: code that gets a request and returns status, headers and body as
# [ status, [ name, value, ... ], body ]; without it, what requests() tells
sub new($class, %o) {
    my $port = BB::Port::take();
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => SOMAXCONN, ReuseAddr => 1)
        // die "fake: listen on port $port: $@\n";

    # nobody writes to the pipe: it ends when the test does, however
    pipe(my $life, my $hold) or die "pipe: $!\n";

    my $self = bless { port => $port, log => $o{log}, hold => $hold }, $class;
    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        CORE::close($hold);
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{CHLD} = 'IGNORE';
        setpgrp(0, 0);
        eval { $self->_serve($listen, $life, $o{answer} // \&echo) };
        print STDERR "fake: $@" if $@;
        POSIX::_exit($@ ? 1 : 0);
    }

    $self->{pid} = $pid;
    return $self;
}


sub port($self) { return $self->{port} }

sub pid($self) { return $self->{pid} }


sub stop($self) {
    my $pid = delete $self->{pid} // return;

    kill('KILL', -$pid);
    kill('KILL', $pid);
    waitpid($pid, 0);
}


# The requests so far: method, uri, headers (pairs, in order), size and sha256
# of the body.
sub requests($self) {
    open(my $log, '<', $self->{log}) or return;
    return map { $JSON->decode($_) } <$log>;
}


sub echo($request) {
    return [ 200, [ 'Content-Type' => 'application/json' ],
        $JSON->encode({ %$request{qw(method uri headers size sha256)} }) ];
}


sub _serve($self, $listen, $life, $answer) {
    my $select = IO::Select->new($listen, $life);

    while (1) {
        my %ready = map { fileno($_) => 1 } $select->can_read();

        return if $ready{fileno($life)};

        my $sock = $listen->accept() or next;
        my $pid = fork() // die "fork: $!\n";

        if ($pid == 0) {
            $listen->close();
            alarm($SILENCE);
            eval { 1 while $self->_exchange($sock, $answer) };
            print STDERR "fake: $@" if $@;
            POSIX::_exit(0);
        }

        $sock->close();
    }
}


# One request and its answer; false if the connection ends.
sub _exchange($self, $sock, $answer) {
    my $line = <$sock> // return 0;
    my ($method, $uri, $version) = $line =~ m{\A(\S+) (\S+) HTTP/(1\.[01])\r\n\z}
        or die "not a request line: $line\n";
    my (@headers, %header);

    while (defined($line = <$sock>) and $line ne "\r\n") {
        my ($name, $value) = $line =~ /\A([^:]+):[ \t]*(.*?)\r\n\z/
            or die "not a header: $line\n";

        push @headers, [ $name, $value ];
        $header{lc($name)} //= $value;
    }

    if (lc($header{expect} // '') eq '100-continue') {
        print $sock "HTTP/1.1 100 Continue\r\n\r\n";
    }

    my $body = _body($sock, \%header) // return 0;
    my $request = { method => $method, uri => $uri, headers => \@headers,
        size => length($body), sha256 => sha256_hex($body) };

    open(my $log, '>>', $self->{log}) or die "$self->{log}: $!\n";
    flock($log, LOCK_EX);
    print $log $JSON->encode($request), "\n";
    CORE::close($log);

    my ($status, $fields, $text) = $answer->({ %$request, body => $body })->@*;
    my $keep = $version eq '1.1' && lc($header{connection} // '') ne 'close';
    my $head = "HTTP/1.1 $status Fake\r\nContent-Length: " . length($text)
        . "\r\n" . ($keep ? '' : "Connection: close\r\n");

    for (my $i = 0; $i < @$fields; $i += 2) {
        $head .= "$fields->[$i]: $fields->[$i + 1]\r\n";
    }

    print $sock "$head\r\n" . ($method eq 'HEAD' ? '' : $text);
    $sock->flush();
    return $keep;
}


sub _body($sock, $header) {
    if (lc($header->{'transfer-encoding'} // '') eq 'chunked') {
        my $body = '';

        while (defined(my $line = <$sock>)) {
            my $length = hex($line =~ s/[\r\n;].*//sr);

            read($sock, my $chunk, $length + 2) == $length + 2 or return;
            return $body if $length == 0;
            $body .= substr($chunk, 0, $length);
        }

        return;
    }

    my $length = $header->{'content-length'} // 0;

    read($sock, my $body, $length) == $length or return;
    return $body // '';
}


1;
