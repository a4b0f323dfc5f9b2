# A service that does not answer in time: the fallback at the deadline, and the
# client's connection is free for its next request at once.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Test::More;
use Time::HiRes qw(time);

use BB::Answer;
use BB::Ops;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store question');
my $services = BB::Services->new($t, keepalive => 4);

$t->run();
add_stores($t, { id => 1 });
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
    product_name, title, content) VALUES (1, 1, 7, '', '', '', '', '')");

my $client = $t->new_client();

# What each request gets within its deadline of 300 ms; until then the services
# have said this much.
for my $said ('', "HTTP/1.1 200 OK\r\nContent-T",
    substr(data(envelope('{"1":true,"subscriptionProductId":"x"}')), 0, -5),
    substr(data(envelope('{"1":true}'), chunks => 10), 0, -5))
{
    my $name = length($said) . ' bytes';
    my @calls;

    # asks, and lets the calls wait
    my $ask = sub($n, @request) {
        my $start = time();

        $client->write(BB::Client::request_bytes(@request));
        my @new = $services->calls($n);
        $services->say($_, $said) for @new;
        my $answer = $client->answer(head => $request[0] eq 'HEAD');

        cmp_ok(time() - $start, '>', 0.25, "$name: it waited");
        push @calls, @new;
        return $answer;
    };

    my $page = $ask->(3, GET => '/quick/1/user', user => 7);

    like($page->body(), qr/"isLiked":false,"isSubscribed":false,"sub\w+":null\}/,
        "S5: $name");
    like($ask->(1, GET => '/quick/list', user => 7)->body(), qr/"isLiked":false/,
        "S4: $name");
    like($ask->(1, GET => '/quick/map/location?lat=37.5&lon=127&level=1',
        user => 7)->body(), qr/"isLiked":false/, "S7: $name");
    like($ask->(1, GET => '/quick/map/region?sido=11&gugun=', user => 7)->body(),
        qr/"isLiked":false/, "S8: $name");
    is_unavailable($ask->(1, POST => '/quick/', user => 9, body => store_body()),
        "S1: $name");
    is($ask->(3, HEAD => '/quick/1/user', user => 7)->status(), 200, "HEAD: $name");

    is($client->request(GET => '/stores/1/delivery-policy')->status(), 200,
        "$name: the next request");
    is(scalar grep({ $services->is_left($_) } @calls), 10,
        "$name: the calls were given up");
}

is($t->db()->value('SELECT count(*) FROM store'), 1, 'nothing was stored');

my $status = status($t);

ok(settles($t), 'nothing is in flight');
is($status->{requests}{error}, 0, 'no 500');

# bytes that keep coming do not move the deadline
for my $trickle ([ 'a header', "HTTP/1.1 200 OK\r\n", "X-A: a\r\n" ],
    [ 'a body', substr(data(envelope('{"1":true}') . ' ' x 100_000), 0, -100_000), ' ' ],
    [ 'chunks', substr(data(envelope('{"1":true}'), chunks => 9), 0, -5), "1\r\n \r\n" ])
{
    my ($name, $begin, $more) = @$trickle;
    my $n = 0;

    $client->write(BB::Client::request_bytes(GET => '/quick/list', user => 7));
    my ($call) = $services->calls(1);

    $services->say($call, $begin);
    $n++ while $n < 500 and not IO::Select->new($client->{sock})->can_read(0.02)
        and $services->say($call, $more);
    cmp_ok($n, '<', 500, "$name without an end: the answer comes before");
    like($client->answer()->body(), qr/"isLiked":false/, 'without likes');
    ok($services->is_left($call), 'and the call is given up');
}

# two are slow, one answers
$client->write(BB::Client::request_bytes(GET => '/quick/1/user', user => 7));
my @calls = $services->calls(3);
$services->say($calls[1], data(envelope('{"1":true}')));
like($client->answer()->body(), qr/"isLiked":true,"isSubscribed":false,"sub\w+":null/,
    'what has come by then is in the answer');
$services->is_left($calls[$_]) for 0, 2;

# an answer that comes too late is nobody's
is($client->request(GET => '/stores/1/delivery-policy')->status(), 200, 'and after it');

$t->done();
