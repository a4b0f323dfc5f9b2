# Clients that ask at the same moment: the worker is stopped until all requests
# lie in its sockets, so that it reads them in one turn of its event loop.

package BB::Crowd;

use v5.36;

use BB::Client;


# n clients of the public listener of $t, which has one worker.
sub new($class, $t, $n) {
    my @clients = map { $t->new_client() } 1 .. $n;
    my $self = bless { clients => \@clients, worker => ($t->nginx()->workers())[0] },
        $class;

    # the connections are known to the worker before the first turn
    $self->ask(map { [ 'OPTIONS', '/stores/coupons/my' ] } @clients);
    return $self;
}


# Sends one request (method, uri, options) from each client.
sub send($self, @requests) {
    kill('STOP', $self->{worker});
    $self->{clients}[$_]->write(BB::Client::request_bytes($requests[$_]->@*))
        for 0 .. $#requests;
    kill('CONT', $self->{worker});

    $self->{asked} = @requests;
}


# The answers, in the order of the requests.
sub answers($self, %o) {
    return map { $_->answer(%o) } $self->{clients}->@[ 0 .. $self->{asked} - 1 ];
}


sub ask($self, @requests) {
    $self->send(@requests);
    return $self->answers();
}


1;
