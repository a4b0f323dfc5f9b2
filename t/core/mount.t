# The prefix of the paths is configuration: the location's own, or bb_store_mount.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(coupons => [ { id => 7 } ], server => '
    location /api/stores/ { bb_store coupon; }
    location = /api/stores { bb_store coupon; }
    location ~ ^/shop(?:/|$) { bb_store coupon; bb_store_mount /shop/; }
    location /old/ { bb_store coupon; bb_store_mount /old/v1/stores; }
')->run();

my $body = '{"nickname":"a","phoneNumber":"1"}';
my $user = 0;

for my $mount ('/stores', '/api/stores', '/shop', '/old/v1/stores') {
    $user++;

    is_data($t->get("$mount/coupons/my", user => $user), '{"data":[]}',
        "$mount: served");
    ok_void($t->post("$mount/coupons/7", user => $user, body => $body),
        "$mount: drawn");
    is_refused($t->get("$mount/coupons/7", user => $user), 405,
        "$mount: a wrong method", [ 'POST' ]);
    is_not_found($t->get("$mount$_", user => $user), "$mount$_: not found")
        for '/', '/x/y/coupons/my', '/client/stores/coupons/count', '/stores/1/coupons';
}

is_not_found($t->get($_, user => 1), "$_: not found")
    for '/api/stores', '/shop', '/old/v1/stores2/coupons/my',
        '/old/v1/storescoupons/my', '/old/v1/storesXcoupons/my',
        '/client/storesXcoupons/count';
is($t->get('/old/coupons/my', user => 1)->status(), 404, 'outside the mount');
is_deeply([ $t->holders(7) ], [ 1 .. 4 ], 'each has drawn one');

$t->done();
