# With the owner rule switched off, sellers' endpoints need no userId and ask for
# no store.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(location => 'bb_store_owner_check off;',
    stores => [ { id => 1 } ], coupons => [
        { id => 5, limit => 10 }, { id => 6, store => 2 } ])->run();

my $body = { couponName => '여름', discountPrice => 500, minPrice => 1000,
    limitCount => 10, startDate => $t->today(), endDate => $t->today(3) };

is_fail($t->post('/stores/99/coupons', body => $body),
    '해당 가게의 주소가 존재하지 않습니다.', 'no such store');
ok_void($t->post('/stores/1/coupons', body => $body), 'created by nobody');
is($t->db()->value('SELECT count(*) FROM coupon WHERE store_id = 1'), 2, 'stored');
ok_void($t->post('/stores/1/coupons', body => $body, user => 9), 'by anybody');

is_fail($t->put('/stores/1/coupons/99', body => $body),
    '해당 쿠폰이 존재하지 않습니다.', 'no such coupon');
is_fail($t->put('/stores/1/coupons/6', body => $body),
    '해당 쿠폰에 대한 권한이 없습니다.', 'a coupon of another store');
ok_void($t->put('/stores/1/coupons/5', body => $body), 'edited by nobody');
is($t->db()->value('SELECT coupon_name FROM coupon WHERE id = 5'), '여름', 'stored');

is_fail($t->delete('/stores/1/coupons/6'), '해당 쿠폰에 대한 권한이 없습니다.',
    'not deleted through another store');
ok_void($t->delete('/stores/2/coupons/6'), 'deleted by nobody');

my $table = $t->get('/stores/1/coupons');
is(scalar $table->json()->{data}{data}->@*, 3, 'the table for nobody');
is($t->get('/stores/99/coupons')->json()->{data}{data}->@*, 0,
    'an unknown store has an empty one');

# the coupon's own rule is no part of the switch
is_invalid($t->get('/stores/coupons/5/members'), 'userId header is required',
    'who drew it: still for its manager');
is_fail($t->get('/stores/coupons/5/members', user => 9),
    '해당 쿠폰에 대한 권한이 없습니다.', 'and for no other');

$t->done();
