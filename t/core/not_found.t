# Where a location has no other handler, an unknown path is 404; the mounts are
# separate.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(coupons => [ { id => 7 } ])->run();

is_not_found($t->get("/stores$_", user => 1), "GET /stores$_")
    for '', '/', '/list', '/12', '/12/user', '/nothing/here', '/coupons', '/1/coupon',
        '/1/Coupons', '/1/coupons/7/x', '/coupons/7/members/1', '/client/stores/1/name',
        '/client/stores/coupons/count', '/actuator/health', '/test', '/questions/1';

is_not_found($t->get("/client/stores$_", user => 1), "GET /client/stores$_")
    for '', '/', '/1', '/1/name', '/coupons', '/coupons/my', '/coupons/7',
        '/coupons/7/users', '/1/coupons/product', '/coupons/7/users/1/x';

is_not_found($t->post('/stores/client/stores/coupons/7/users/1'),
    'an internal path under the public mount');
is_not_found($t->post('/client/stores/coupons/7', user => 1,
    body => '{"nickname":"a","phoneNumber":"1"}'),
    'a public path under the internal mount');
is_not_found($t->request($_, '/stores/nothing'), $_)
    for qw(POST PUT DELETE PATCH OPTIONS PROPFIND);
is_not_found($t->post('/stores/nothing', body => 'x' x 100_000, type => 'text/plain'),
    'with a body');

my $head = $t->request('HEAD', '/stores/nothing');
is($head->status(), 404, 'HEAD');
is($head->body(), '', 'has no body');
is_data($t->get('/stores/coupons/my', user => 1), '{"data":[]}',
    'the connection is still in step');

$t->done();
