# Nobody listens where a service should be: fallbacks and 503 at once; and as soon
# as it is there, it is used.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store', server => '
    location /none/ { bb_store store; bb_store_mount /none/;
        bb_store_service product /bb-no-such-location; }');
my $services = BB::Services->new($t, dead => 1);

$t->run();
add_stores($t, { id => 5 });

for my $mount (qw(stores none)) {
    is($t->get("/$mount/5/user")->status(), 200, "$mount: S5 for nobody");
    like($t->get("/$mount/5/user", user => 7)->body(),
        qr/"isLiked":false,"isSubscribed":false,"sub\w+":null\}/, "$mount: S5");
    like($t->get("/$mount/list", user => 7)->body(), qr/"isLiked":false/, "$mount: S4");
    like($t->get("/$mount/map/location?lat=37.5&lon=127&level=5", user => 7)->body(),
        qr/"isLiked":false/, "$mount: S7");
    like($t->get("/$mount/map/region?sido=11&gugun=", user => 7)->body(),
        qr/"isLiked":false/, "$mount: S8");
    is_unavailable($t->post("/$mount/", user => 9, body => store_body()),
        "$mount: S1");
}

is($t->db()->value('SELECT count(*) FROM store'), 1, 'nothing was stored');
ok(settles($t), 'nothing is in flight');

$services->listen();

my ($answer) = $services->ask($t->client(), sub($call) {
    data(envelope($call->{uri} =~ /store-id/ ? '{"subscriptionProductId":"x"}'
        : '{"5":true}')) }, GET => '/stores/5/user', user => 7);

like($answer->body(), qr/"isLiked":true,"isSubscribed":true,"sub\w+":"x"\}/,
    'the services are there');


# connections that are cut
my $reset = sub($call) { $services->hang_up($call, reset => 1); return undef };

($answer) = $services->ask($t->client(), $reset, GET => '/stores/5/user', user => 7);
like($answer->body(), qr/"isLiked":false,"isSubscribed":false,"sub\w+":null\}/,
    'a reset: S5');
($answer) = $services->ask($t->client(), $reset, GET => '/stores/list', user => 7);
like($answer->body(), qr/"isLiked":false/, 'a reset: S4');
($answer) = $services->ask($t->client(), $reset, POST => '/stores/', user => 9,
    body => store_body());
is_unavailable($answer, 'a reset: S1');

$t->done();
