# A user draws all coupons of a store: POST /{storeId}/coupons/all.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    coupons => [
        { id => 5, start => 0, end => 0 },
        { id => 6, issued => [ { user => 1, used => 1, nickname => '가을' } ] },
        { id => 7, limit => 1, issued => [ 9 ] },
        { id => 8, limit => 1 },
        { id => 9, deleted => 1 },
        { id => 10, start => -3, end => -1 },
        { id => 11, start => 1 },
        { id => 12, store => 2 },
        { id => 20, store => 3, deleted => 1 },
        map({ { id => $_, store => 4 } } 100 .. 169),
    ])->run();

sub draw_all($store, $user) {
    return $t->post("/stores/$store/coupons/all", user => $user,
        body => '{"nickname":"봄이","phoneNumber":"01012345678"}');
}

sub held($user) {
    return [ $t->db()->column('SELECT coupon_id FROM issued_coupon
        WHERE user_id = ? ORDER BY coupon_id', $user) ];
}


ok_void(draw_all(1, 1), 'drawn');
is_deeply(held(1), [ 5, 6, 8 ], 'all that are valid today and not sold out');
is_deeply([ $t->db()->rows('SELECT is_used, nickname, phone_number
    FROM issued_coupon WHERE user_id = 1 ORDER BY coupon_id') ],
    [ [ 0, '봄이', '01012345678' ], [ 1, '가을', '01012345678' ],
      [ 0, '봄이', '01012345678' ] ], 'what the user had stays as it was');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->members(8) ], [ 1 ], 'a member of the set');

ok_void(draw_all(1, 1), 'a repeat');
is_deeply(held(1), [ 5, 6, 8 ], 'changes nothing');
ok_void(draw_all(1, 2), 'the next user');
is_deeply(held(2), [ 5, 6 ], 'skips what is sold out now');
is($t->claim(5, user => 2), ALREADY_ISSUED, 'a single draw knows it');

ok_void(draw_all($_, 3), "store $_: nothing to draw") for 3, 99, -1;
is_deeply(held(3), [], 'nothing was drawn');

ok_void(draw_all(4, 4), 'seventy coupons');
is_deeply(held(4), [ 100 .. 169 ], 'all of them');

is_invalid($t->post('/stores/1/coupons/all',
    body => '{"nickname":"a","phoneNumber":"1"}'), 'userId header is required',
    'no userId');
is_invalid($t->post('/stores/1/coupons/all', user => 5,
    body => '{"nickname":"a"}'), 'phoneNumber cannot be null', 'no phone number');
is_deeply(held(5), [], 'nothing was drawn');

$t->done();
