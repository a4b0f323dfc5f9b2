# The proxy of the fault runner: passes all, cuts in the middle, lets replies come
# byte by byte, leads to another server.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use Test::More;

use BB::Proxy;
use BB::Redis;

my $dir = tempdir(CLEANUP => 1);
my ($one, $two) = map { BB::Redis->new(dir => "$dir/$_")->start() } 1, 2;
my $proxy = BB::Proxy->new(target => $one->port());
my $long = join('', map { sprintf('%08d', $_) } 1 .. 100_000);

$one->cmd('SET', 'name', 'one');
$one->cmd('SET', 'long', $long);
$two->cmd('SET', 'name', 'two');

sub dial() {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $proxy->port())
        // die "connect: $!\n";
}

# What comes for a command, up to a length or the end; and in how many pieces.
sub ask($sock, $command, $length) {
    my ($text, $pieces) = ('', 0);

    local $SIG{PIPE} = 'IGNORE';

    print $sock "$command\r\n";

    while (length($text) < $length and IO::Select->new($sock)->can_read(10)) {
        $sock->sysread($text, 1 << 20, length($text)) or last;
        $pieces++;
    }

    return ($text, $pieces);
}

my $sock = dial();

is((ask($sock, 'GET name', 9))[0], "\$3\r\none\r\n", 'a reply passes');
is((ask($sock, 'GET long', 800_011))[0], "\$800000\r\n$long\r\n", 'a long one too');
is((ask($sock, "*2\r\n\$4\r\nECHO\r\n\$800000\r\n$long", 800_011))[0],
    "\$800000\r\n$long\r\n", 'and a long command');

$proxy->cut(4);
is((ask($sock, 'GET name', 9))[0], "\$3\r\n", 'cut after four bytes');
is((ask($sock, 'GET name', 9))[0], '', 'and closed');
is((ask(dial(), 'GET name', 9))[0], "\$3\r\none\r\n", 'the next one is whole');

$sock = dial();
$proxy->cut(4);
$proxy->cut(0);
is((ask($sock, 'GET name', 9))[0], "\$3\r\none\r\n", 'not cut after all');

$proxy->dribble(1);

my $some = substr($long, 0, 2000);
my ($text, $pieces) = ask($sock = dial(), "ECHO $some", 2009);

is($text, "\$2000\r\n$some\r\n", 'byte by byte');
cmp_ok($pieces, '>', 10, 'in pieces');
$proxy->dribble(0);
is((ask($sock, 'GET name', 9))[0], "\$3\r\none\r\n", 'as before');

$proxy->target($two->port());
is((ask($sock, 'GET name', 9))[0], '', 'another server: the old connection ends');
is((ask(dial(), 'GET name', 9))[0], "\$3\r\ntwo\r\n", 'a new one leads there');

$two->stop();
is((ask(dial(), 'GET name', 9))[0], '', 'no server: closed');

$proxy->stop();
$one->stop();
done_testing();
