# After an answer to a question the asker's number is fetched and put into the
# message that waits for it; a service that fails delays the message only.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Process qw(await);
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'question');
my $services = BB::Services->new($t);

$t->run();
add_stores($t, { id => 5 });
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
    product_name, title, content) SELECT n, 5, 3214567890, '', '', '', '', ''
    FROM generate_series(1, 20) n");

# Answers question $n; the call for the number, and the message as it waits.
sub answer($n, $mount = 'stores') {
    my $client = $t->new_client();

    $client->write(BB::Client::request_bytes(POST => "/$mount/questions/$n/answers",
        user => 105, body => '"네"'));
    my $answer = $client->answer();

    is($answer->status() . $answer->body(), 200, "question $n: answered at once");
    is($answer->header('Connection'), 'close', 'on a connection that will be busy');

    my ($call) = $services->calls(1);
    my ($row) = $t->db()->rows('SELECT id, payload, phone_of FROM outbox
        ORDER BY id DESC LIMIT 1');

    is($row->[2], 3214567890, 'the message waits');

    # and nobody asks a second time, which is another test
    $t->db()->do("UPDATE outbox SET next_try_at = 'infinity' WHERE id = ?", $row->[0]);
    return ($call, $row->[0], $row->[1] =~ /"eventId":"([0-9a-f-]{36})"/);
}

sub message($id) {
    my ($row) = $t->db()->rows('SELECT payload, phone_of FROM outbox WHERE id = ?', $id);
    return defined $row->[1] ? 'waits' : $row->[0];
}

sub text($phone, $event) {
    return qq({"whoToNotify":{"userId":3214567890,"phoneNumber":$phone},)
        . '"publishInformation":{"notificationKind":"INQUERY",'
        . '"notificationUrl":"/mypage","content":null,"role":null,'
        . qq("eventId":"$event"}});
}

my $n = 0;

for my $phone ('"01012345678"', 'null', '"+82 \\"10\\" 꽃"', '""') {
    my ($call, $id, $event) = answer(++$n);

    $services->say($call, data(envelope($phone)), end => 1);
    ok(await(10, sub { message($id) ne 'waits' }), "the number $phone comes");
    is(message($id), text($phone, $event), 'and stands in the message');
}

for my $said (data('', status => 500), data('', status => 404), '',
    data('<html>'), data(envelope('5')), data(envelope('{}')),
    data('{"data":"1","message":"x","errorCode":"CE-01","result":"FAIL"}'))
{
    my ($call, $id, $event) = answer(++$n);
    my $logged = () = $t->nginx()->log_text() =~ /call: getPhoneNumber/g;

    $services->say($call, $said, end => 1);
    ok($t->nginx()->logged(qr/call: getPhoneNumber/, $logged + 1), 'the call fails');
    is(message($id), 'waits', 'the message waits on');
}

# too slow, with the deadline of /quick/
my ($call, $id) = answer(++$n, 'quick');
ok($services->is_left($call), 'the call ends at its deadline');
is(message($id), 'waits', 'the message waits on');

# the client is gone: the number comes all the same
my $client = $t->new_client();
$client->write(BB::Client::request_bytes(POST => '/stores/questions/20/answers',
    user => 105, body => '"네"'));
is($client->answer()->status(), 200, 'answered');
$client->close();
($call) = $services->calls(1);
$services->say($call, data(envelope('"1"')), end => 1);
ok(await(10, sub { $t->db()->value("SELECT count(*) FROM outbox
    WHERE payload::text LIKE '%\"phoneNumber\":\"1\"%'") }), 'the number comes');

$t->done();
