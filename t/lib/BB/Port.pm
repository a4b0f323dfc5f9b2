# Free ports, also when several test files run at once.

package BB::Port;

use v5.36;
use IO::Socket::INET;
use IO::Socket::UNIX;

# below the range from which the kernel takes the ports of clients
my ($FIRST, $LAST) = (23000, 31999);

my %held;


# A port that nobody uses, kept from other test files for this one's life by a
# socket whose abstract name carries its number.
sub take() {
    my $range = $LAST - $FIRST + 1;
    my $start = $$ * 7 % $range;

    for my $i (0 .. $range - 1) {
        my $port = $FIRST + ($start + $i) % $range;

        next if $held{$port};

        my $claim = IO::Socket::UNIX->new(
            Local => "\0bb-store-test-port-$port", Listen => 1) or next;
        my $probe = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            LocalPort => $port, Listen => 1, ReuseAddr => 1) or next;

        close($probe);
        $held{$port} = $claim;
        return $port;
    }

    die "no free port from $FIRST to $LAST\n";
}


1;
