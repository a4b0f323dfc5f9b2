# The manager of a store creates a coupon: POST /{storeId}/coupons.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(stores => [ { id => 1, manager => 101 },
    { id => 2, manager => 102 }, { id => 3, manager => 103, deleted => 1 } ])->run();

my $NO_STORE = '해당 가게의 주소가 존재하지 않습니다.';
my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';
my $BAD_START = '시작일이 올바르지 않습니다.';
my $BAD_DATES = '시작일과 종료일이 올바르지 않습니다.';

my ($today, $tomorrow, $yesterday) = map { $t->today($_) } 0, 1, -1;

sub body(%o) {
    return { couponName => '봄맞이', discountPrice => 3000, minPrice => 30000,
        limitCount => 100, startDate => $today, endDate => $tomorrow, %o };
}

sub create($store, $user, %o) {
    return $t->post("/stores/$store/coupons", user => $user, body => body(%o));
}

sub newest() {
    my ($row) = $t->db()->rows('SELECT id, store_id, coupon_code, coupon_name,
        discount_price, min_price, limit_count, start_date, end_date, is_deleted
        FROM coupon ORDER BY id DESC LIMIT 1');

    return @$row;
}


# success

ok_void(create(1, 101), 'created');

my ($id, $store, $code, @rest) = newest();
is($store, 1, 'of the store');
like($code, qr/\A[0-9a-f]{8}\z/, 'with a code');
is_deeply(\@rest, [ '봄맞이', 3000, 30000, 100, $today, $tomorrow, 0 ],
    'with what was sent');

ok_void(create(1, 101), 'the same once more');

my ($second, undef, $other_code) = newest();
isnt($second, $id, 'is another coupon');
isnt($other_code, $code, 'with a code of its own');

ok_void(create(2, 102, couponName => '', discountPrice => 0, minPrice => 0,
    limitCount => 0, endDate => $today), 'smallest values, one day');
is_deeply([ (newest())[1, 3 .. 8] ], [ 2, '', 0, 0, 0, $today, $today ], 'stored');

ok_void(create(2, 102, couponName => '꽃' x 255,
    discountPrice => 9223372036854775807, minPrice => 9223372036854775807,
    limitCount => 2147483647, startDate => '9998-12-31', endDate => '9999-12-31'),
    'largest values');
is_deeply([ (newest())[3 .. 8] ], [ '꽃' x 255, 9223372036854775807,
    9223372036854775807, 2147483647, '9998-12-31', '9999-12-31' ], 'stored');

ok_void(create(1, 101, discountPrice => 30000, minPrice => 10),
    'a discount above the least price');
ok_void(create(1, 101, startDate => $tomorrow), 'starts tomorrow');


# the new coupon is real at once

is($t->claim($id, user => 1), ISSUED, 'can be drawn');
is($t->redis()->cmd('EXPIRETIME', $t->key($id, ':issued')),
    $t->midnight($t->today(2)), 'its set expires when its last day has ended');
is($t->claim((newest())[0], user => 1), NOT_STARTED, 'from its first day on');


# failures, in order

my $count = $t->db()->value('SELECT count(*) FROM coupon');

is_invalid($t->post('/stores/99/coupons', body => body()),
    'userId header is required', 'no userId');
is_invalid(create(99, 101, couponName => undef), 'couponName cannot be null',
    'bad input before anything else');
is_fail(create(99, 101, startDate => $yesterday), $NO_STORE, 'no such store');
is_fail(create(3, 103), $NO_STORE, 'a deleted store');
is_fail(create(-1, 101), $NO_STORE, 'a negative id');
is_fail(create(0, 101), $NO_STORE, 'zero');
is_fail(create(2, 101, startDate => $yesterday), $NOT_OWNER,
    'the manager of another store');
is_fail(create(1, 1), $NOT_OWNER, 'a shopper');
is_fail(create(1, 101, startDate => $yesterday, endDate => $t->today(-2)),
    $BAD_START, 'starts yesterday');
is_fail(create(1, 101, startDate => $tomorrow, endDate => $today),
    $BAD_DATES, 'ends before it starts');

is($t->db()->value('SELECT count(*) FROM coupon'), $count, 'nothing was written');

$t->done();
