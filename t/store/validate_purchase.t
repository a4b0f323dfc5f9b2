# Prices before payment: POST /client/stores/coupons/validate-purchase.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store coupon', coupons => [
    { id => 5, store => 12, discount => 3000, min => 30000 },
    { id => 6, store => 12, deleted => 1, end => -1 },
    { id => 7, store => 12, end => -1, start => -3 },
    { id => 8, store => 13, discount => 0, min => 0, end => 0 },
    { id => 9, store => 12, start => 3 } ])->run();

my $NO_COUPON = '해당 쿠폰이 존재하지 않습니다.';
my $DELETED = '해당 쿠폰은 관리자에 의해 삭제되었습니다.';
my $EXPIRED = '기한이 만료된 쿠폰입니다.';
my $MISMATCH = '해당 요청은 실제 쿠폰 정보와 일치하지 않습니다.';
my $NO_POLICY = '해당 가게의 배송정책이 존재하지 않습니다.';
my $VIOLATED = '주문 요청이 배송 정책을 위반했습니다.';

$t->db()->do('INSERT INTO delivery_policy (store_id, delivery_price,
    free_delivery_min_price) VALUES (12, 3000, 50000), (13, 0, 0)');
$t->add_store(id => 14);
$t->add_store(id => 15, deleted => 1);
$t->db()->do('INSERT INTO delivery_policy (store_id, delivery_price,
    free_delivery_min_price) VALUES (15, 2500, 50000)');

# items: couponId, couponAmount, storeId, deliveryCost, actualAmount each
sub check($type, @items) {
    return $t->post('/client/stores/coupons/validate-purchase', body => {
        orderType => $type, validatePriceDtos => [ map { my %item;
            @item{qw(couponId couponAmount storeId deliveryCost actualAmount)} = @$_;
            \%item } @items ] });
}


# coupons

is_data(check('DELIVERY', [ 5, 3000, 12, 0, 60000 ]), 'null', 'coupon and delivery');
is_data(check($_, [ 5, 3000, 12, 0, 60000 ]), 'null', $_) for qw(PICKUP SUBSCRIBE);
is_data(check('PICKUP', [ 5, 3000, 12, undef, 30000 ]), 'null', 'exactly the minimum');
is_data(check('PICKUP', [ 8, 0, 13, undef, 0 ]), 'null', 'its last day, nothing off');
is_data(check('PICKUP', [ undef, undef, undef, undef, 1 ]), 'null', 'no coupon');
is_data(check('PICKUP', [ undef, 3000, 12, undef, 1 ]), 'null',
    'an amount without a coupon');
is_data(check('PICKUP', [ 9, 3000, 12, undef, 30000 ]), 'null',
    'a coupon of the future, once drawn, is not looked at');

is_fail(check('PICKUP', [ $_, 3000, 12, 0, 60000 ]), $NO_COUPON, "no coupon $_")
    for 99, 0, -1;
is_fail(check('PICKUP', [ (9223372036854775807) x 5 ]), $NO_COUPON, 'large numbers');
is_fail(check('PICKUP', [ 6, 1, 13, 0, 1 ]), $DELETED, 'deleted, and all else wrong');
is_fail(check('PICKUP', [ 7, 1, 13, 0, 1 ]), $EXPIRED, 'expired, and all else wrong');
is_fail(check('PICKUP', [ 5, 3000, 13, 0, 60000 ]), $MISMATCH, 'of another store');
is_fail(check('PICKUP', [ 5, 3000, undef, 0, 60000 ]), $MISMATCH, 'of no store');
is_fail(check('PICKUP', [ 5, 3000, 12, 0, 29999 ]), $MISMATCH, 'below the minimum');
is_fail(check('PICKUP', [ 5, $_, 12, 0, 60000 ]), $MISMATCH, "$_ off")
    for 2999, 3001, -3000, 0;


# delivery

is_data(check('DELIVERY', [ undef, undef, 12, $_->[0], $_->[1] ]), 'null',
    "$_->[0] for $_->[1]") for [ 0, 50000 ], [ 3000, 49999 ], [ 3000, 0 ],
    [ 0, 9223372036854775807 ], [ 3000, -1 ];
is_data(check('SUBSCRIBE', [ undef, undef, 13, 0, 0 ]), 'null', 'always free');
is_data(check('DELIVERY', [ undef, undef, 15, 2500, 1 ]), 'null', 'a flagged store');

is_fail(check('DELIVERY', [ undef, undef, 12, $_->[0], $_->[1] ]), $VIOLATED,
    "$_->[0] for $_->[1]") for [ 3000, 50000 ], [ 0, 49999 ], [ 2999, 100 ],
    [ -3000, 100 ], [ 6000, 60000 ];
is_fail(check('SUBSCRIBE', [ undef, undef, 12, 0, 1 ]), $VIOLATED,
    'a subscription too');
is_fail(check('DELIVERY', [ undef, undef, $_, 0, 1 ]), $NO_POLICY,
    "no policy of store $_") for 14, 99, 0;
is_data(check('PICKUP', [ undef, undef, $_, 99, 1 ]), 'null', "picked up at $_")
    for 12, 14, 99;


# lists: the first failure, all coupons before all policies

my $good = [ 5, 3000, 12, 0, 60000 ];

is_data(check('DELIVERY'), 'null', 'an empty list');
is_data(check('DELIVERY', $good, [ 8, 0, 13, 0, 1 ], $good), 'null', 'several');
is_fail(check('DELIVERY', $good, [ 7, 1, 12, 9, 1 ], [ 6, 1, 12, 9, 1 ]), $EXPIRED,
    'the first coupon that fails');
is_fail(check('DELIVERY', $good, [ 6, 1, 12, 9, 1 ], [ 7, 1, 12, 9, 1 ]), $DELETED,
    'in the order of the list');
is_fail(check('DELIVERY', [ undef, undef, 99, 9, 1 ], [ 99, 1, 12, 0, 1 ]),
    $NO_COUPON, 'a coupon at the end before a policy at the start');
is_fail(check('DELIVERY', $good, [ undef, undef, 12, 9, 1 ],
    [ undef, undef, 99, 0, 1 ]), $VIOLATED, 'the first policy that fails');
is_fail(check('DELIVERY', $good, [ undef, undef, 99, 9, 1 ],
    [ undef, undef, 12, 9, 1 ]), $NO_POLICY, 'in the order of the list');


# what must be there, before anything else

is_invalid(check('DELIVERY', [ 99, undef, 12, 0, 1 ]), 'couponAmount cannot be null',
    'a coupon without its amount');
is_invalid(check('PICKUP', [ 99, 1, 12, 0, 1 ], [ 5, undef, 12, 0, 1 ]),
    'couponAmount cannot be null', 'also behind one that fails');
is_invalid(check('DELIVERY', [ undef, undef, undef, 0, 1 ]), 'storeId cannot be null',
    'delivered by nobody');
is_invalid(check('DELIVERY', [ undef, undef, undef, undef, 1 ]),
    'storeId cannot be null', 'by nobody for an unknown price');
is_invalid(check('SUBSCRIBE', [ undef, undef, 12, undef, 1 ]),
    'deliveryCost cannot be null', 'delivered for an unknown price');
is_invalid(check('DELIVERY', [ undef, undef, 12, undef, 1 ], [ 5, undef, 12, 0, 1 ],
    [ undef, undef, undef, 0, 1 ]), 'deliveryCost cannot be null', 'the first of them');
is_invalid(check('PICKUP', [ undef, undef, 12, 0, undef ]),
    'actualAmount cannot be null', 'no amount');
is_invalid(check(undef, $good), 'orderType cannot be null', 'no order type');
is_invalid(check($_, $good), 'orderType has an unknown value', "order type '$_'")
    for '', 'delivery', 'PICKUP ', 'CART';

my %refused = ('' => 'the body is missing', '[]' => 'the body is not a JSON object',
    null => 'the body is null', '{}' => 'validatePriceDtos cannot be null',
    '{"orderType":"PICKUP"}' => 'validatePriceDtos cannot be null',
    map {; qq({"orderType":"PICKUP","validatePriceDtos":$_->[0]}) => $_->[1] }
        [ 'null', 'validatePriceDtos cannot be null' ],
        [ '{}', 'validatePriceDtos is not a list' ],
        [ '[null]', 'validatePriceDtos is not a list of objects' ],
        [ '[5]', 'validatePriceDtos is not a list of objects' ],
        [ '[{"actualAmount":"x"}]', 'actualAmount is not an integer' ]);

is_invalid($t->post('/client/stores/coupons/validate-purchase', body => $_),
    $refused{$_}, "body $_") for sort keys %refused;

is_data($t->post('/client/stores/coupons/validate-purchase', user => 'x', body =>
    '{"x":1,"orderType":"DELIVERY","validatePriceDtos":[{"couponId":"5",'
    . '"couponAmount":"3000","storeId":12.0,"deliveryCost":" 0 ",'
    . '"actualAmount":60000.9,"y":[]},{"couponId":"","storeId":13,"deliveryCost":0,'
    . '"actualAmount":1}]}'), 'null',
    'integers in other forms, members and a userId that are not read');

$t->done();
