# What delivery costs: GET /{storeId}/delivery-policy.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

my $NO_POLICY = '해당 가게의 배송정책이 존재하지 않습니다.';

add_stores($t, { id => 1, price => 3000, free => 50000 },
    { id => 2, price => 0, free => 9223372036854775807 },
    { id => 3, price => undef }, { id => 4, deleted => 1 },
    { id => 5, address => undef, price => 1, free => 0 });

sub policy($id, %o) { return $t->get("/stores/$id/delivery-policy", %o) }

my $ONE = '{"deliveryPrice":3000,"freeDeliveryMinPrice":50000}';

is_same_for_all(policy(1), $ONE, 'anonymous');
is_same_for_all(policy(1, user => $_), $ONE, 'userId is not read')
    for 7, 'x', [ 1, 2 ];
is_same_for_all(policy(2),
    '{"deliveryPrice":0,"freeDeliveryMinPrice":9223372036854775807}',
    'smallest and largest');
is_same_for_all(policy(5), '{"deliveryPrice":1,"freeDeliveryMinPrice":0}',
    'a store without an address');

is_fail(policy(3), $NO_POLICY, 'no policy');
is_fail(policy(4), $NO_POLICY, 'a flagged store');
is_fail(policy($_), $NO_POLICY, "no store $_") for 99, 0, -1;
is_invalid(policy('undefined'), 'storeId is not a 64-bit integer', 'not a number');

$t->done();
