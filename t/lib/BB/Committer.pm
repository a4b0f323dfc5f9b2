# The worker that commits for all of its host, and the others.

package BB::Committer;

use v5.36;
use Exporter qw(import);
use IO::Socket::INET;

use BB::Ops;

our @EXPORT = qw(committer alone);


# The committer, then the others.
sub committer($t) {
    my %commits = map { $_->{pid} => $_->{committer} ? 1 : 0 }
        grep { not $_->{exiting} } status($t)->{workers}->@*;

    return sort { $commits{$b} <=> $commits{$a} } keys %commits;
}


# Does it while that process sleeps; whatever listens there, others take it.
sub alone($t, $pid, $do) {
    kill('STOP', $pid);

    # The kernel wakes one worker for a connection, perhaps this one, but not twice:
    # it takes this connection when it goes on, and the next ones are for others.
    my $first = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $t->nginx()->port('public')) // die "connect: $@\n";
    my @result = eval { $do->() };
    my $error = $@;

    kill('CONT', $pid);
    die $error if $error;
    return @result;
}


1;
