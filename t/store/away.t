# Without Redis every endpoint of the domain answers as with it; without PostgreSQL none
# does but by 503, and all do when it is back.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

add_stores($t, { id => 100 }, { id => 101, rating => 3 });

my @gets = (map({ "/stores/$_" } qw(100 list?size=2 100/user 100/manager
        map/location?lat=37.5&lon=127&level=1 map/region?sido=11&gugun=
        100/delivery-policy admin?sido=11 address/sido address/gugun?sido=36)),
    map { "/client/stores$_" } qw(/id /100/info /100/name /100
        /store-name?storeIds=100), '');
my %posts = ('coupons/validate-purchase' => { orderType => 'DELIVERY',
        validatePriceDtos => [ { storeId => 100, deliveryCost => 0,
            actualAmount => 50000 } ] },
    map { $_ => [ 100 ] } qw(simple-info settlements policy));

# each but S1, with the same effect whenever it is sent
my @requests = ([ PUT => '/stores/100', user => 200, body => store_body() ],
    map({ [ GET => $_, user => 200 ] } @gets),
    map({ [ POST => "/client/stores/$_", body => $posts{$_} ] } sort keys %posts));

sub create($user) { return $t->post('/stores/', user => $user, body => store_body()) }

my %answer = map { $_ => $t->request($requests[$_]->@*)->whole() } 0 .. $#requests;

like($answer{$_}, qr/\A200\n(?:.*"result":"SUCCESS"\}|Cache-Control: no-store\n\n)\z/s,
    "$requests[$_][0] $requests[$_][1]") for 0 .. $#requests;

sub as_before($when) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($t->request($requests[$_]->@*)->whole(), $answer{$_},
        "$when: $requests[$_][0] $requests[$_][1]") for 0 .. $#requests;
}

$t->redis()->stop();
as_before('without Redis');
$t->redis()->start();
calls($t);

# a page of the list that is not in the cache
$_->[1] =~ s/list\?size=2/list?size=3/ for @requests;

$t->db()->stop();
is_unavailable($t->request(@$_), "without PostgreSQL: $_->[0] $_->[1]") for @requests;
is_unavailable(create(8), 'no store is created');
is(join("\n", calls($t)), '', 'other services are not asked');
is_invalid($t->get('/stores/x/user'), 'storeId is not a 64-bit integer',
    'what is invalid is told all the same');
is_not_found($t->get('/stores/100/info'), 'and what is not there');
$t->db()->start();

ok(await(10, sub { $t->get('/stores/address/sido')->status() == 200 }), 'it is back');
as_before('again');
is_data(create(8), 1, 'a store is created');
$t->redis()->stop();
is_data(create(9), 2, 'and one without Redis');

$t->done();
