# An answer to a question does not wait for the asker's phone number, nor does its
# connection; the number is asked for soon afterwards and put into the message.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Client;
use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Test;

my $t = BB::Test->new(domains => 'question', stores => [ { id => 5 } ]);
my $services = BB::Services->new($t);

$t->run();

my $client = $t->new_client();
my $n = 0;

# Answers question $n; its message, and the call for the number.
sub asked($client) {
    my $id = answered($t, ++$n, $client);
    return ($id, $services->calls(1));
}

sub event($id) { return row($t, $id)->{payload} =~ /"eventId":"([0-9a-f-]{36})"/ ? $1 : '' }


for my $number ('"01012345678"', 'null', '"+82 \\"10\\" 꽃"', '""',
    '"' . '꽃' x 255 . '"')
{
    my ($id, $call) = asked($client);
    my $event = event($id);

    is(message($t, $id), 'waits', 'the message waits');
    $client->write(BB::Client::request_bytes(GET => '/stores/questions/my-page',
        user => 7));
    is($client->answer()->status(), 200, 'and the connection serves the next request');

    $services->say($call, data(envelope($number)), end => 1);
    ok(await(10, sub { message($t, $id) ne 'waits' }), "the number $number comes");
    is(message($t, $id), phone_text($t, $n, $number, $event), 'and stands in the message');
}

# the client is gone before anybody asks
my $other = $t->new_client();
my $id = answered($t, ++$n, $other);

$other->close();
$services->say(($services->calls(1))[0], data(envelope('"1"')), end => 1);
ok(await(10, sub { message($t, $id) =~ /"phoneNumber":"1"/ }),
    'the client is gone: the number comes all the same');

is($services->waiting(), 0, 'no number is asked for twice');

$t->done();
