# A store's page for shoppers: GET /{storeId}/user.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

my $NO_STORE = '해당 가게가 존재하지 않습니다.';

add_stores($t, { id => 1, rating => 4.5 }, { id => 2, address => undef },
    { id => 3, deleted => 1 }, { id => 4, rating => 4.5, price => undef });

sub page($id, %o) { return $t->get("/stores/$id/user", %o) }

is_fail(page($_), $NO_STORE, "no store $_") for 99, 0, -1;
is_fail(page(3), $NO_STORE, 'a flagged one');
is_fail(page(2), '해당 가게의 주소가 존재하지 않습니다.', 'no address');
is_fail(page(99, user => 7), $NO_STORE, 'nor for a caller');
is_invalid(page('undefined'), 'storeId is not a 64-bit integer', 'not a number');
is_invalid(page(1, user => 'x'), 'userId header is not a 64-bit integer',
    'userId is not a number');
is_invalid(page(1, user => [ 7, 7 ]), 'more than one userId header', 'two of them');

is(join("\n", calls($t)), '', 'nothing is asked for before the store is found');

sub data($id, $liked, $subscribed, $product) {
    return qq({"storeName":"꽃집 $id","storeThumbnailImage":"https://a.kr/$id.png",)
        . qq("address":"주소 $id","detailAddress":"$id호","averageRating":4.5,)
        . qq("detailInfo":"소개 $id","phoneNumber":"010-$id","isLiked":$liked,)
        . qq("isSubscribed":$subscribed,"subscriptionProductId":$product});
}

sub answer($data) {
    return qq({"data":$data,"message":null,"errorCode":null,"result":"SUCCESS"});
}

my $PRODUCT = '"656e89e3ae667e3844a02030"';

is_data(page(1), data(1, 'false', 'false', $PRODUCT), 'nobody');
is_data(page(4, user => ''), data(4, 'false', 'false', $PRODUCT), 'nor here');
is(join("\n", calls($t)), "GET /client/store?store-id=1 - \n"
    . 'GET /client/store?store-id=4 - ', 'one call each');

is_data(page(4, user => 2), data(4, 'true', 'true', $PRODUCT), 'both');
is(join("\n", calls($t, '[4]')), "GET /client/store?store-id=4 - \n"
    . "POST /client/likes/stores 2 [4]\n"
    . 'POST /client/order-query/subs/lists 2 [4]', 'three calls');
is_data(page(4, user => 3), data(4, 'false', 'true', $PRODUCT), 'a subscription');
is_data(page(4, user => 4), data(4, 'true', 'false', $PRODUCT), 'a like');
is_data(page(4, user => 5), data(4, 'false', 'false', $PRODUCT), 'neither');

service_answers($t, 'product', 200, answer('{"subscriptionProductId":null}'));
is_data(page(4, user => 2), data(4, 'true', 'true', 'null'), 'no such product');
service_answers($t, 'product', 200, answer('{"subscriptionProductId":"a\\"/b"}'));
is_data(page(1), data(1, 'false', 'false', '"a\\"/b"'), 'an odd product');
service_answers($t, 'product');

# each call may fail without the others
for my $case ([ 500, answer('{"4":true}') ], [ 200, '<html>' ], [ 200, '' ],
    [ 200, answer('null') ], [ 200, answer('5') ],
    [ 200, '{"data":null,"message":"x","errorCode":"CE-01","result":"FAIL"}' ])
{
    my ($status, $body) = @$case;

    service_answers($t, 'product', $status, $body);
    is_data(page(4, user => 2), data(4, 'true', 'true', 'null'),
        "the product service answers $status $body");
    service_answers($t, 'product');

    service_answers($t, 'likes', $status, $body);
    is_data(page(4, user => 2), data(4, 'false', 'true', $PRODUCT), 'the wishlist');
    service_answers($t, 'subs', $status, $body);
    is_data(page(4, user => 2), data(4, 'false', 'false', $PRODUCT),
        'and the orders do');
    service_answers($t, 'likes');
    is_data(page(4, user => 2), data(4, 'true', 'false', $PRODUCT), 'the orders only');
    service_answers($t, 'subs');
}

service_answers($t, $_, 200, answer('{"5":true}')) for qw(likes subs);
is_data(page(4, user => 2), data(4, 'false', 'false', $PRODUCT), 'the id is left out');

$t->done();
