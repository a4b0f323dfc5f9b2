# The manager of a store edits a coupon: PUT /{storeId}/coupons/{couponId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    stores => [ { id => 1, manager => 101 }, { id => 2, manager => 102 } ],
    coupons => [
        { id => 5, code => '9b1de7a0', limit => 2, issued => [ 1 ] },
        { id => 6, store => 2 },
        { id => 7, deleted => 1 },
        { id => 8, start => -5, end => -1 },
        { id => 9, start => 2 },
    ])->run();

my $UNKNOWN = '해당 쿠폰이 존재하지 않습니다.';
my $OF_OTHER = '해당 쿠폰에 대한 권한이 없습니다.';
my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';
my $DELETED = '해당 쿠폰은 관리자에 의해 삭제되었습니다.';
my $BAD_START = '시작일이 올바르지 않습니다.';
my $BAD_DATES = '시작일과 종료일이 올바르지 않습니다.';

sub edit($store, $id, $user, %o) {
    return $t->put("/stores/$store/coupons/$id", user => $user,
        body => { couponName => '여름', discountPrice => 500, minPrice => 1000,
            limitCount => 10, startDate => $t->today(), endDate => $t->today(3),
            %o });
}

sub row($id) {
    my ($row) = $t->db()->rows('SELECT store_id, coupon_code, coupon_name,
        discount_price, min_price, limit_count, start_date, end_date, is_deleted
        FROM coupon WHERE id = ?', $id);

    return $row;
}


# success

ok_void(edit(1, 5, 101), 'edited');
is_deeply(row(5), [ 1, '9b1de7a0', '여름', 500, 1000, 10, $t->today(),
    $t->today(3), 0 ], 'all six fields, nothing else');
is_deeply([ $t->holders(5) ], [ 1 ], 'who has it keeps it');
ok_void(edit(1, 5, 101), 'the same once more');

is($t->claim(5, user => 1), ALREADY_ISSUED, 'also by a draw');
is($t->claim(5, user => 2), ISSUED, 'the new limit counts');


# limit

ok_void(edit(1, 5, 101, limitCount => 1), 'limit below the number issued');
is($t->claim(5, user => 3), SOLD_OUT, 'nothing more is issued');
is($t->claim(5, user => 2), ALREADY_ISSUED, 'who has it keeps it');
is($t->claim(5, user => 4), SOLD_OUT, 'sold out for everyone');
ok_void(edit(1, 5, 101, limitCount => 3), 'limit raised');
is($t->claim(5, user => 3), ISSUED, 'the next request gets one');
is($t->claim(5, user => 4), SOLD_OUT, 'and no other');
ok_void(edit(1, 5, 101, limitCount => 0), 'no coupons at all');
is($t->claim(5, user => 5), SOLD_OUT, 'sold out');
is_deeply([ $t->holders(5) ], [ 1, 2, 3 ], 'three rows');


# dates

my $set = $t->key(5, ':issued');

ok_void(edit(1, 5, 101, endDate => $t->today()), 'ends today');
is($t->claim(5, user => 9), ISSUED, 'can be drawn on its last day');
is($t->redis()->cmd('EXPIRETIME', $set), $t->midnight($t->today(1)),
    'its set lives until the day has ended');
ok_void(edit(1, 5, 101, endDate => $t->today(30)), 'ends later');
is($t->claim(5, user => 9), ALREADY_ISSUED, 'drawn before');
is($t->redis()->cmd('EXPIRETIME', $set), $t->midnight($t->today(31)),
    'its set lives longer');
ok_void(edit(1, 5, 101, startDate => $t->today(1)), 'starts tomorrow');
is($t->claim(5, user => 10), NOT_STARTED, 'cannot be drawn any more');

is($t->claim(8, user => 1), EXPIRED, 'an expired coupon');
ok_void(edit(1, 8, 101, startDate => $t->today(-5), endDate => $t->today()),
    'an unchanged start in the past, made longer');
is($t->claim(8, user => 1), ISSUED, 'can be drawn again');
is($t->claim(9, user => 1), NOT_STARTED, 'a coupon of the future');
ok_void(edit(1, 9, 101), 'starts earlier');
is($t->claim(9, user => 1), ISSUED, 'can be drawn');


# failures, in order

my $before = [ map { row($_) } 5 .. 9 ];

is_invalid($t->put('/stores/1/coupons/5', body => {}),
    'userId header is required', 'no userId');
is_invalid(edit(1, 99, 101, minPrice => undef), 'minPrice cannot be null',
    'bad input before anything else');
is_fail(edit(1, 99, 1), $UNKNOWN, 'no such coupon');
is_fail(edit(99, 99, 1), $UNKNOWN, 'nor such a store');
is_fail(edit(1, -1, 101), $UNKNOWN, 'a negative id');
is_fail(edit(1, 6, 101), $OF_OTHER, 'a coupon of another store');
is_fail(edit(99, 6, 102), $OF_OTHER, 'and of a store that is not there');
is_fail(edit(2, 6, 101), $NOT_OWNER, 'the manager of another store');
is_fail(edit(1, 7, 102), $NOT_OWNER, 'also if the coupon is deleted');
is_fail(edit(1, 7, 101, startDate => $t->today(-9)), $DELETED, 'a deleted coupon');
is_fail(edit(1, 5, 101, startDate => $t->today(-1), endDate => $t->today(-2)),
    $BAD_START, 'another start in the past');
is_fail(edit(1, 5, 101, startDate => $t->today(2), endDate => $t->today(1)),
    $BAD_DATES, 'ends before it starts');
is_fail(edit(1, 8, 101, startDate => $t->today(-5), endDate => $t->today(-1)),
    $BAD_DATES, 'an unchanged start, but ended yesterday');
is_fail(edit(1, 8, 101, startDate => $t->today(-5), endDate => $t->today(-6)),
    $BAD_DATES, 'an unchanged start, ended before it');

is_deeply([ map { row($_) } 5 .. 9 ], $before, 'nothing was written');

$t->done();
