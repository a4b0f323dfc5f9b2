# However the body of a draw arrives, it is read whole, and the connection goes on.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(coupons => [ map { { id => $_ } } 1 .. 12 ])->run();
my $client = $t->new_client();
my $text = qq({"nickname":"봄이","phoneNumber":"0101234${\ ('5' x 20)}"});
my $user = 0;

sub bytes(%o) {
    return BB::Client::request_bytes('POST', '/stores/coupons/7', user => ++$user,
        ($o{chunks} ? () : (body => $text)), %o);
}

sub stored() {
    is_deeply([ $t->db()->rows('SELECT nickname, phone_number FROM issued_coupon
        WHERE coupon_id = 7 AND user_id = ?', $user) ],
        [ [ '봄이', '0101234' . '5' x 20 ] ], 'as it was sent');
}

# TCP_NODELAY is on; what comes after waits until the server has read what was before
sub unread() {
    my $local = sprintf('%04X', $client->{sock}->sockport());

    open(my $sockets, '<', '/proc/net/tcp') or die "/proc/net/tcp: $!\n";
    while (my $line = <$sockets>) {
        return hex($1) if $line
            =~ /\A\s*\d+: \S+ [0-9A-F]+:$local 01 [0-9A-F]+:([0-9A-F]+) /;
    }
    return 0;
}

sub in_pieces($size, %o) {
    for my $piece (unpack("(a$size)*", bytes(%o))) {
        $client->write($piece);
        BB::Process::await(5, sub { not unread() }) or die "not read\n";
    }

    my $answer = $client->answer();

    ok_void($answer, join(' ', "in pieces of $size", sort keys %o));
    stored();
    return $answer;
}

in_pieces($_) for 1, 7, 64, 4096;
in_pieces($_, chunks => [ $text ]) for 1, 50, 4096;
in_pieces($_, chunks => [ split(//, $text) ]) for 1, 3, 4096;


# a client that asks whether it may

$client->write(bytes(headers => [ Expect => '100-continue' ]) =~ s/\Q$text\E\z//r);
BB::Process::await(5, sub { not unread() });
$client->write($text);

my $answer = $client->answer();

ok_void($answer, 'Expect: 100-continue');
is_deeply([ $answer->interim() ], [ 100 ], 'was told to go on');
stored();


# several requests in one segment, one of them bad, in bytes that are cut anywhere

for my $size (100_000, 333) {
    my $first = $user;
    my $all = join('', map { bytes() } 1 .. 5)
        . BB::Client::request_bytes('POST', '/stores/coupons/7', user => 1, body => '{')
        . BB::Client::request_bytes('GET', '/stores/coupons/my', user => 1)
        . bytes(chunks => [ $text ])
        . BB::Client::request_bytes('POST', '/stores/coupons/7', user => 1, body => $text);

    for my $piece (unpack("(a$size)*", $all)) {
        $client->write($piece);
        BB::Process::await(5, sub { not unread() }) or die "not read\n";
    }

    my @answers = map { $client->answer() } 1 .. 9;

    is_deeply([ map { verdict($_) } @answers[ 0 .. 4, 7, 8 ] ],
        [ (ISSUED) x 6, ALREADY_ISSUED ], "in pieces of $size: draws");
    is_deeply([ map { $_->status() } @answers[ 5, 6 ] ], [ 400, 200 ], 'others');
    is(scalar(grep { $_ > $first } $t->holders(7)), 6, 'rows');
}

ok(!$client->is_closed(), 'all on one connection');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->members(7) ], [ 1 .. $user ], 'members');


# a client that leaves in the middle of its body

my $worker = ($t->nginx()->workers())[0];

for my $length (1, 20, length($text) - 1) {
    my $leaver = $t->new_client();

    $leaver->write(substr(bytes(), 0, $length - length($text)));
    $leaver->close();
}

ok($t->nginx()->logged(qr/client prematurely closed connection/, 3), 'three have left');
is(($t->nginx()->workers())[0], $worker, 'the worker goes on');
is(scalar(() = $t->holders(7)), $user - 3, 'nothing was drawn for them');

$t->done();
