# The coupons on a product page: GET /{storeId}/coupons/product.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    stores => [ { id => 1, name => '봄꽃집 "1"' },
        { id => 3, deleted => 1 } ],
    coupons => [
        { id => 12, name => '오늘', start => 0, end => 0 },
        { id => 5, name => '봄맞이', discount => 3000, min => 30000, end => 6,
            issued => [ 1, { user => 2, used => 1 } ] },
        { id => 6, limit => 1, issued => [ 1 ], end => 0 },
        { id => 7, deleted => 1 },
        { id => 8, start => -5, end => -1 },
        { id => 9, start => 1 },
        { id => 20, store => 2 },
        { id => 30, store => 3 },
    ])->run();

sub row($id, $name, $end, $issued) {
    return qq({"couponId":$id,"couponName":"$name",)
        . q("storeName":"봄꽃집 \"1\"","discountPrice":3000,)
        . qq("endDate":") . $t->today($end)
        . qq(","minPrice":30000,"isIssued":$issued});
}

sub page($five, $six, $twelve) {
    return '{"data":[' . join(',', row(5, '봄맞이', 6, $five),
        row(6, '쿠폰 6', 0, $six), row(12, '오늘', 0, $twelve)) . ']}';
}

my $uri = '/stores/1/coupons/product';

is_data($t->get($uri, user => 1), page(qw(true true false)), 'who has two');
is_data($t->get($uri, user => 2), page(qw(true false false)),
    'who has used one');
is_data($t->get($uri, user => 3), page(qw(false false false)), 'who has none');
is_data($t->get($uri), page(qw(false false false)), 'nobody: no header');
is_data($t->get($uri, user => ''), page(qw(false false false)),
    'nobody: an empty header');

is($t->claim(12, user => 3), ISSUED, 'one is drawn');
is_data($t->get($uri, user => 3), page(qw(false false true)), 'and shown as issued');

is_invalid($t->get($uri, user => 'x'), qr/userId/, 'userId is not a number');
is_invalid($t->get($uri, user => [ 1, 1 ]), qr/userId/, 'two of them');
is_invalid($t->get($uri, user => [ '', 1 ]), qr/userId/, 'two, one empty');
is_data($t->get("/stores/$_/coupons/product", user => 1), '{"data":[]}',
    "store $_: no coupons") for 3, 99, 0, -1;
is_invalid($t->get('/stores/undefined/coupons/product'), qr/storeId/,
    'what a client sends by mistake');

$t->done();
