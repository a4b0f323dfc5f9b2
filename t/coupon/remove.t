# The manager of a store deletes a coupon: DELETE /{storeId}/coupons/{couponId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    stores => [ { id => 1, manager => 101 }, { id => 2, manager => 102 } ],
    coupons => [
        { id => 5, issued => [ 1, { user => 2, nickname => '여름', phone => '02',
            at => '2024-01-20T10:15:00' } ] },
        { id => 6, store => 2 },
        { id => 8, start => -5, end => -1 },
    ])->run();

sub remove($store, $id, $user) {
    return $t->delete("/stores/$store/coupons/$id", user => $user);
}

is($t->claim(5, user => 3), ISSUED, 'drawn before');


# failures, in order

is_invalid($t->delete('/stores/1/coupons/5'), 'userId header is required',
    'no userId');
is_fail(remove(1, 99, 101), '해당 쿠폰이 존재하지 않습니다.', 'no such coupon');
is_fail(remove(99, 99, 1), '해당 쿠폰이 존재하지 않습니다.', 'nor such a store');
is_fail(remove(2, 5, 102), '해당 쿠폰에 대한 권한이 없습니다.',
    'a coupon of another store');
is_fail(remove(99, 5, 101), '해당 쿠폰에 대한 권한이 없습니다.',
    'and of a store that is not there');
is_fail(remove(1, 5, 102), '해당 가게에 대한 권한이 없습니다.',
    'the manager of another store');
is($t->db()->value('SELECT count(*) FROM coupon WHERE is_deleted'), 0,
    'nothing was deleted');


# success

ok_void(remove(1, 5, 101), 'deleted');
is($t->claim(5, user => 4), DELETED, 'no new one is issued');
is($t->claim(5, user => 1), DELETED, 'also not to who has it');
ok_void(remove(1, 5, 101), 'deleted twice');
ok_void(remove(1, 8, 101), 'an expired coupon');
is_deeply([ $t->db()->rows('SELECT id, is_deleted, limit_count, coupon_code
    FROM coupon ORDER BY id') ],
    [ [ 5, 1, 100, '00000005' ], [ 6, 0, 100, '00000006' ],
      [ 8, 1, 100, '00000008' ] ], 'flagged, not removed');


# what is left of it

is_deeply([ $t->holders(5) ], [ 1, 2, 3 ], 'issued coupons stay');
is_data($t->get('/stores/1/coupons', user => 101), '{"data":[]}',
    'gone from the table');
is_data($t->get('/stores/1/coupons/product', user => 1), '{"data":[]}',
    'from the product page');
is_data($t->post('/stores/1/coupons/payment', user => 1, body => '60000'),
    '{"data":[]}', 'from the order');
is_data($t->get('/stores/coupons/my', user => 1), '{"data":[]}',
    'from the users\' lists');
is_data($t->get('/client/stores/coupons/count', user => 1), '0', 'and counts');
ok_void($t->post('/client/stores/coupons/5/users/1'),
    'an order under way still uses it');
is_data($t->get('/stores/coupons/5/members?size=1', user => 101),
    '{"data":[{"nickname":"여름","phoneNumber":"02",'
    . '"createdAt":"2024-01-20T10:15:00","isUsed":false}],"totalCnt":3}',
    'the seller still sees who drew it');

$t->done();
