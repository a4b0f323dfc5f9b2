# What leaves for another service, to the byte: nothing of the client's own, neither
# headers nor body (the harness dies of bytes behind a call).

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store question');
my $services = BB::Services->new($t);

# each by a location of its own, which puts its name before the path; version and
# connection are named, as nginx's defaults are not always the same
$t->{http} =~ s{(bb_store_service (\S+)) /bb-services/}{$1 /to-$2/}g;
$t->{server} .= "location /to-$_/ { internal; proxy_http_version 1.0;
        proxy_set_header Host services; proxy_set_header Connection close;
        proxy_pass http://services/$_/; }\n"
    for qw(product wishlist order-query user);

$t->run();
add_stores($t, { id => 4, rating => 1 }, { id => 12, rating => 5 },
    { id => 7, rating => 3, gugun => '11740' });
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
    product_name, title, content) VALUES (1, 4, 3214567890, '', '', '', '', '')");

my $client = $t->new_client();
my @private = (headers => [ Cookie => 'a=b', Authorization => 'Bearer x',
    'X-Real-IP' => '1.2.3.4', 'X-Forwarded-For' => '1.2.3.4', 'X-A' => 'b',
    'User-Agent' => 'c', 'Accept-Language' => 'ko', 'Accept-Encoding' => 'gzip',
    Accept => 'text/html', Range => 'bytes=0-1', 'If-Modified-Since' => 'x',
    'If-None-Match' => '*', Referer => 'd', Via => 'e', TE => 'trailers' ]);

# The calls of one request, each as the text that leaves for a service.
sub leaves($method, $uri, @more) {
    my ($answer, @calls) = $services->ask($client, sub($call) {
        return data(envelope($call->{uri} =~ /flowers/ ? '[]'
            : $call->{uri} =~ /phone/ ? '"1"' : '{}'));
    }, $method, $uri, @private, @more);

    is($answer->status(), 200, "$method $uri");
    return join('', map { $_->{text} } sort { $a->{line} cmp $b->{line} } @calls);
}

sub text($line, @more) {
    return join("\r\n", "$line HTTP/1.0", 'Host: services', 'Connection: close', @more);
}

sub get_text($uri) { return text("GET $uri", 'Accept: application/json', '', '') }

sub post_text($uri, $user, $body) {
    return text("POST $uri", 'Content-Length: ' . length($body),
        'Accept: application/json', 'Content-Type: application/json',
        "userId: $user", '', $body);
}

my $LIKES = '/wishlist/client/likes/stores';
my $SUBS = '/order-query/client/order-query/subs/lists';
my $USER = 3214567890;

is(leaves('POST', '/stores/', user => 9, body => store_body()),
    get_text('/product/client/flowers'), '3.1');
$t->db()->do('DELETE FROM store_address WHERE store_id = 1');
$t->db()->do('DELETE FROM delivery_policy WHERE store_id = 1');
$t->db()->do('DELETE FROM store WHERE store_manager_id = 9');
store_changed($t);

is(leaves('GET', '/stores/12/user'), get_text('/product/client/store?store-id=12'), '3.2');
is(leaves('GET', '/stores/+012/user?store-id=7'),
    get_text('/product/client/store?store-id=12'),
    'the number itself, not as it was written');

my $page = get_text('/product/client/store?store-id=12') . post_text($SUBS, $USER, '[12]')
    . post_text($LIKES, $USER, '[12]');

is(leaves('GET', '/stores/12/user', user => $USER), $page, '3.2, 3.3, 3.4');
is(leaves('HEAD', '/stores/12/user', user => $USER), $page, 'the same for HEAD');
is(leaves('GET', '/stores/12/user', user => $USER, body => 'x' x 5000), $page,
    'with a body');

my $list = post_text($LIKES, $USER, '[12,7,4]');

is(leaves('GET', '/stores/list', user => $USER), $list, '3.3: each id once, in order');
is(leaves('GET', '/stores/list', user => $USER), $list, 'from the cache as well');
is(leaves('HEAD', '/stores/list', user => $USER), $list, 'and for HEAD');
is(leaves('GET', '/stores/list?page=1&size=2', user => -1), post_text($LIKES, -1, '[4]'),
    'of the second page');
is(leaves('GET', '/stores/map/location?lat=37.5&lon=127&level=1', user => $USER), $list,
    'stores near a point');
is(leaves('GET', '/stores/map/region?sido=11&gugun=', user => $USER), $list,
    'of a region');
is(leaves('GET', '/stores/map/region?sido=11&gugun=11740', user => $USER),
    post_text($LIKES, $USER, '[7]'), 'of a district');

is($client->request('POST', '/stores/questions/1/answers', @private, user => 104,
    body => '"네"')->status(), 200, 'the answer to a question does not wait');

my ($call) = $services->calls(1);

is($call->{text}, get_text("/user/client/users/$USER/phone-number"), '3.5');
ok($services->say($call, data(envelope('"1"')), end => 1), 'answered');

is($services->waiting(), 0, 'nothing else');

$t->done();
