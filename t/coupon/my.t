# The usable coupons of a user: GET /coupons/my.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    stores => [ { id => 1, name => '봄꽃집' }, { id => 2, name => '여름꽃집' } ],
    coupons => [
        { id => 12, min => 0, end => 0, issued => [ 1 ] },
        { id => 6, name => '봄맞이', store => 2, end => 6, issued => [ 1 ] },
        { id => 5, issued => [ { user => 1, used => 1 } ] },
        { id => 7, deleted => 1, issued => [ 1 ] },
        { id => 8, start => -5, end => -1, issued => [ 1 ] },
        { id => 9, start => 1, issued => [ 1 ] },
        { id => 10, issued => [ 2 ] },
    ])->plan(8)->run();

my $two = '{"data":[{"couponId":6,"couponName":"봄맞이","storeName":"여름꽃집",'
    . '"discountPrice":3000,"endDate":"' . $t->today(6) . '","minPrice":30000},'
    . '{"couponId":12,"couponName":"쿠폰 12","storeName":"봄꽃집",'
    . '"discountPrice":3000,"endDate":"' . $t->today() . '","minPrice":0}]}';

is_data($t->get('/stores/coupons/my', user => 1), $two,
    'of all stores, usable today, by id');
is_data($t->get('/stores/coupons/my', user => 3), '{"data":[]}', 'who has none');
is($t->claim(10, user => 3), ISSUED, 'one is drawn');
is_data($t->get('/stores/coupons/my', user => 3), '{"data":[{"couponId":10,'
    . '"couponName":"쿠폰 10","storeName":"봄꽃집","discountPrice":3000,"endDate":"'
    . $t->today(7) . '","minPrice":30000}]}', 'and shown');
ok_void($t->post('/client/stores/coupons/10/users/3'), 'it is used');
is_data($t->get('/stores/coupons/my', user => 3), '{"data":[]}', 'and gone');
is_invalid($t->get('/stores/coupons/my'), 'userId header is required', 'no userId');
is_invalid($t->get('/stores/coupons/my', user => ''), 'userId header is required',
    'an empty one');
