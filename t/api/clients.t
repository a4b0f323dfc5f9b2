# What the three web clients and the services that call really send, to each endpoint,
# with their headers; what they read in the answers is there, byte for byte.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Document;
use BB::Endpoints;
use BB::Store;
use BB::Test;

my $t = furnished(server => '
    location /api/stores { bb_store store coupon cargo question; }');
my ($TODAY, $WEEK, $NEXT) = map { $t->today($_) } 0, 7, 8;

$t->db()->do("UPDATE question SET created_at = '2024-01-20 10:15:00'");
$t->db()->do('DELETE FROM answer');
$t->db()->do("INSERT INTO answer (id, content, created_at, updated_at)
    VALUES (1, '네', '2024-01-21', '2024-01-22')");
$t->db()->do("UPDATE issued_coupon SET created_at = '2024-01-20 10:15:00'");

# What the clients' HTTP library and the browser add, and the gateway; the type also
# where there is no body.
my @BROWSER = (Accept => 'application/json, text/plain, */*',
    'Accept-Encoding' => 'gzip, deflate, br', 'Accept-Language' => 'ko-KR,ko;q=0.9',
    'Cache-Control' => 'no-cache', Pragma => 'no-cache', Cookie => 'a=b; c="d"',
    Origin => 'https://mall.example.com', Referer => 'https://mall.example.com/x?y=z',
    'Sec-Fetch-Mode' => 'cors', 'X-Forwarded-For' => '203.0.113.7',
    'X-Forwarded-Prefix' => '/api/stores', Forwarded => 'proto=https;for="[::1]:1"');
my @LOGIN = (Authorization => 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2ln');
my @JSON = ('Content-Type' => 'application/json');
my @SERVICE = (Accept => '*/*', 'User-Agent' => 'Java/17.0.9', @JSON);

my (%done, $mount);

# A client's request, by whom ($user undef: nobody) and with which body.
sub web($id, $method, $path, $user = undef, $body = undef) {
    $done{$id} = 1;
    return $t->request($method, "$mount$path", (defined $user ? (user => $user) : ()),
        headers => [ @BROWSER, (defined $user ? @LOGIN : ()), @JSON ],
        (defined $body ? (body => $body, type => undef) : ()));
}

sub service($id, $method, $path, $user = undef, $body = undef) {
    $done{$id} = 1;
    return $t->request($method, "/client/stores$path",
        (defined $user ? (user => $user) : ()), headers => [ @SERVICE ],
        (defined $body ? (body => $body, type => undef) : ()));
}

# Members of a list, of which each has an id: rows(5 .. 6, '{"key":ID}')
sub rows(@ids) {
    my $row = pop @ids;
    return join(',', map { $row =~ s/ID/$_/gr } @ids);
}

my $COUPON = '{"couponId":ID,"couponName":"쿠폰 ID","storeName":"꽃집 1",'
    . '"discountPrice":3000,"endDate":"' . $WEEK . '","minPrice":30000';
my $MAP = '{"storeId":1,"storeName":"꽃집 1","isLiked":LIKED,"detailInfo":"소개 1",'
    . '"thumbnailImage":"https://a.kr/1.png","averageRating":4.5,'
    . '"position":{"lat":37.5,"lon":127},"address":"주소 1","detailAddress":"1호"}';
my $SIDO = '해당 시/도가 존재하지 않습니다.';

# reads, at both of the places where a gateway may have them
for ('/stores', '/api/stores') {
    $mount = $_;

    # the mall
    for my $case ([ undef, 'false' ], [ 1, 'true' ]) {
        my ($user, $liked) = @$case;

        is_data(web('S4', GET => '/list?page=0&size=1', $user),
            '{"stores":[{"storeId":1,'
            . '"storeThumbnailImage":"https://a.kr/1.png","storeName":"꽃집 1",'
            . '"detailInfo":"소개 1","averageRating":4.5,"isLiked":' . $liked
            . ',"address":"주소 1","detailAddress":"1호"}],"totalCnt":3}',
                'S4: front page');
        is_data(web('S5', GET => '/1/user', $user), '{"storeName":"꽃집 1",'
            . '"storeThumbnailImage":"https://a.kr/1.png","address":"주소 1",'
            . '"detailAddress":"1호","averageRating":4.5,"detailInfo":"소개 1",'
            . '"phoneNumber":"010-1","isLiked":' . $liked . ',"isSubscribed":false,'
            . '"subscriptionProductId":"656e89e3ae667e3844a02030"}', 'S5: a store');
        is_data(web('S7', GET => '/map/location?lat=37.5000000001&lon=127.01&level=5',
            $user), '{"stores":[' . $MAP =~ s/LIKED/$user ? 'true' : 'null'/er
            . '],"storeIds":[1]}', 'S7: the map');
        is_data(web('S8', GET => "/map/region?sido=11&gugun=$_", $user), '{"stores":['
            . $MAP =~ s/LIKED/$user ? 'true' : 'null'/er . '],"storeIds":[1]}',
            "S8: a region, gugun=$_") for '11680', '';
    }

    is_fail(web('S8', GET => '/map/region?sido=null&gugun='), $SIDO,
        'S8: nothing chosen');
    is_same_for_all(web('S9', GET => '/1/delivery-policy'),
        '{"deliveryPrice":3000,"freeDeliveryMinPrice":50000}', 'S9: on a product page');
    is_data(web('C7', GET => '/1/coupons/product'), '{"data":['
        . rows(5 .. 8, "$COUPON,\"isIssued\":false}") . ']}', 'C7: on a product page');
    is_data(web('C7', GET => '/1/coupons/product', 101), '{"data":['
        . rows(5 .. 8, "$COUPON,\"isIssued\":true}") . ']}', 'C7: with a login');
    is_invalid(web('C7', GET => '/undefined/coupons/product'),
        'storeId is not a 64-bit integer', 'C7: before the page knows its store');
    is_data(web('C8', POST => '/1/coupons/payment', 101, '60000'), '{"data":['
        . rows(5 .. 8, "$COUPON,\"isAvailable\":true}") . ']}', 'C8: the bare sum');
    is_data(web('C8', POST => '/1/coupons/payment', 101, '0'), '{"data":['
        . rows(5 .. 8, "$COUPON,\"isAvailable\":false}") . ']}', 'C8: the bare 0');
    is_data(web('C9', GET => '/coupons/my', 101), '{"data":[' . rows(5 .. 8, "$COUPON}")
        . ']}', 'C9: my page');
    is_data(web('Q5', GET => '/questions/product/p?page=0&size=1&is-replied=', undef),
        '{"data":[{"key":5,"isReplied":false,"title":"문의","content":"?",'
        . '"nickname":"봄이",'
        . '"createdAt":"2024-01-20","isSecret":false,"isMine":false,"reply":null,'
        . '"repliedAt":null}],"totalCnt":5}', 'Q5: on a product page');
    is_data(web('Q6', GET => '/questions/product/p/my?page=0&size=1&is-replied=true',
        101), '{"data":[{"key":1,"isReplied":true,"title":"문의","content":"?",'
        . '"nickname":"봄이",'
        . '"createdAt":"2024-01-20","reply":"네","repliedAt":"2024-01-21",'
        . '"productName":"장미"}],"totalCnt":1}', 'Q6: mine');
    is_data(web('Q7', GET => '/questions/my-page?page=4&size=1', 101),
        '{"data":[{"key":1,"isReplied":true,"title":"문의","content":"?",'
        . '"nickname":"봄이",'
        . '"createdAt":"2024-01-20","reply":"네","repliedAt":"2024-01-21",'
        . '"productName":"장미"}],"totalCnt":5}', 'Q7: my page');

    # a seller's
    is_data(web('S3', GET => '/1', 101), '{"storeName":"꽃집 1","detailInfo":"소개 1",'
        . '"storeThumbnailImage":"https://a.kr/1.png","phoneNumber":"010-1",'
        . '"accountNumber":"110-1","bank":"국민은행","deliveryPrice":3000,'
        . '"freeDeliveryMinPrice":50000,"sido":"서울","gugun":"강남구","address":"주소 1",'
        . '"detailAddress":"1호","zipCode":"06236","lat":37.5,"lon":127}',
            'S3: the form');
    is_data(web('S6', GET => '/1/manager', 101), '{"storeName":"꽃집 1",'
        . '"storeThumbnailImage":"https://a.kr/1.png","phoneNumber":"010-1",'
        . '"accountNumber":"110-1","bank":"국민은행","detailInfo":"소개 1","address":"주소 1",'
        . '"addressDetail":"1호"}', 'S6: the summary');
    is_data(web('C4', GET => '/1/coupons', 101), '{"data":[' . rows(5 .. 8, '{"key":ID,'
        . '"couponCode":"0000000ID","couponName":"쿠폰 ID","minPrice":30000,'
        . '"discountPrice":3000,"limitCount":100,"unusedCount":99,"startDate":"'
        . $t->today(-1) . '","endDate":"' . $WEEK . '"}') . ']}', 'C4: the table');
    is_data(web('C10', GET => '/coupons/5/members?page=0&size=10', 101), '{"data":['
        . '{"nickname":"봄이","phoneNumber":"01012345678",'
        . '"createdAt":"2024-01-20T10:15:00","isUsed":false}],"totalCnt":1}',
        'C10: who drew it');
    is_data(web('G2', GET => '/1/flowers/stocks', 101), '{"stockInfoDtos":['
        . '{"flowerId":1,"name":"장미","data":[100]},'
        . '{"flowerId":2,"name":null,"data":[100]}]}',
        'G2: the chart');
    is_data(web('Q2', GET => '/questions/1', 101), '{"title":"문의","nickname":"봄이",'
        . '"createdAt":"2024-01-20T10:15:00","productName":"장미","content":"?",'
        . '"isReplied":true,"answer":{"content":"네","repliedAt":"2024-01-22"}}',
        'Q2: one question');
    is_data(web('Q4', GET => '/1/questions?is-replied=true&size=12&page=0', 101),
        '{"data":['
        . '{"key":1,"productName":"장미","nickname":"봄이","title":"문의",'
        . '"createdAt":"2024-01-20","isReplied":true,"isRead":true}],"totalCnt":1}',
        'Q4: answered ones');
    is_data(web('Q4', GET => '/1/questions?size=1&page=0', 101), '{"data":[{"key":5,'
        . '"productName":"장미","nickname":"봄이","title":"문의","createdAt":"2024-01-20",'
        . '"isReplied":false,"isRead":false}],"totalCnt":5}', 'Q4: all');
    is_invalid(web('Q4', GET => '/null/questions?size=12&page=0', 101),
        'storeId is not a 64-bit integer', 'Q4: a seller without a store');

    # operators'
    for my $gugun ('', '&gugun=11680') {
        is_same_for_all(web('S10',
            GET => "/admin?page=0&size=13&sido=11&sort=DATE$gugun"),
            '{"data":[{"key":1,"storeCode":"00000001","storeName":"꽃집 1",'
            . '"phoneNumber":"010-1","bank":"국민은행","accountNumber":"110-1",'
            . '"averageRating":4.5,"totalAmount":0,"regDate":"2024-01-20"}],'
            . '"totalCnt":1}',
            "S10: the table$gugun");
    }

    like(web('S11', GET => '/address/sido')->body(),
        qr/\A\{"data":\[\{"code":"11","name":"서울"\},(?:\{[^{}]*\},){15}\{"code":"50",/,
        'S11: the first select box');
    is_same_for_all(web('S12', GET => '/address/gugun?sido=36'),
        '[{"value":"36110","label":"조치원읍"}]', 'S12: the second');
}

# changes: the mall
my $draw = '{"nickname":"봄이","phoneNumber":"01012345678"}';

$mount = '/stores';
ok_void(web('C5', POST => '/coupons/5', 3214567890, $draw), 'C5: drawn');
is_fail(web('C5', POST => '/coupons/5', 3214567890, $draw), '이미 발급받은 쿠폰입니다.',
    'C5: the toast');
ok_void(web('C6', POST => '/1/coupons/all', 3214567890, $draw), 'C6: all');
is_deeply([ map { [ $t->holders($_) ] } 5 .. 8 ], [ ([ 101, 3214567890 ]) x 4 ],
    'they are there');
ok_void(web('Q1', POST => '/questions', 3214567890, '{"storeId":1,"productId":'
    . '"656e89e3ae667e3844a02030","productName":"장미","title":"질문","content":"있나요?",'
    . '"isSecret":true,"nickname":"봄이"}'), 'Q1: asked');

# the seller: a new one, whose map gives texts
is_data(web('S1', POST => '/', 900, '{"storeName":"봄꽃집","detailInfo":"소개",'
    . '"storeThumbnailImage":"https://a.kr/a.png","phoneNumber":"01012345678",'
    . '"accountNumber":"110-1","bank":"국민은행","deliveryPrice":"3000",'
    . '"freeDeliveryMinPrice":"50000","sido":"경기","gugun":"수원시","address":"경기 수원시",'
    . '"detailAddress":"","zipCode":"16200","lat":"37.2635","lon":"127.0286"}'), 101,
    'S1: with the slash');
is_invalid(web('S1', POST => '/', 901, '{"storeName":"봄꽃집","detailInfo":"소개",'
    . '"storeThumbnailImage":"https://a.kr/a.png","phoneNumber":"01012345678",'
    . '"accountNumber":"110-1","bank":"국민은행","deliveryPrice":3000,'
    . '"freeDeliveryMinPrice":50000,"sido":"서울","gugun":"강남구","address":"a",'
    . '"detailAddress":"","zipCode":"1","lat":null,"lon":null}'), 'lat cannot be null',
    'S1: NaN');

my $form = web('S3', GET => '/101', 900)->body()
    =~ s/\A\{"data":(\{.*\}),"message".*/$1/r;

like($form, qr/"sido":"경기도","gugun":"수원시",.*"detailAddress":"","zipCode":"16200"/,
    'S3: what was sent');
ok_void(web('S2', PUT => '/101', 900, $form =~ s/봄꽃집/여름꽃집/r), 'S2: the form, edited');
is(web('S3', GET => '/101', 900)->body() =~ s/여름꽃집/봄꽃집/r
    =~ s/\A\{"data":(\{.*\}),"message".*/$1/r,
    $form, 'S2: stored');

my $coupon = qq({"couponName":"가을","discountPrice":3000,"minPrice":30000,)
    . qq("limitCount":5,"startDate":"$TODAY","endDate":"$WEEK"});

ok_void(web('C1', POST => '/1/coupons', 101, $coupon), 'C1: a coupon');
is_invalid(web('C1', POST => '/1/coupons', 101,
    $coupon =~ s/"endDate":"[^"]*"/"endDate":""/r),
    'endDate cannot be null', 'C1: a cleared date');
ok_void(web('C2', PUT => '/1/coupons/9', 101, $coupon =~ s/$WEEK/$NEXT/r),
    'C2: edited');
is($t->db()->value('SELECT end_date FROM coupon WHERE id = 9'), $NEXT, 'C2: stored');
ok_void(web('C3', DELETE => '/1/coupons/9', 101), 'C3: deleted');
ok_void(web('C3', DELETE => '/1/coupons/9', 101), 'C3: again');
ok_void(web('G1', PUT => '/1/flowers/stocks', 101,
    '{"stockModifyDtos":[{"flowerId":1,"stock":70},{"flowerId":2,"stock":0}]}'),
    'G1: stock');
is_invalid(web('G1', PUT => '/1/flowers/stocks', 101, '[{"flowerId":1,"stock":70}]'),
    'the body is not a JSON object', 'G1: a bare list');

# the HTTP library sends a text as JSON, unless it is JSON already
for my $case ([ 2, '"네, 있습니다.\\n\\"내일\\" 옵니다."', "네, 있습니다.\n\"내일\" 옵니다." ],
    [ 3, '123', '123' ], [ 4, 'true', 'true' ])
{
    my ($question, $body, $text) = @$case;

    ok_void(web('Q3', POST => "/questions/$question/answers", 101, $body), "Q3: $body");
    is($t->db()->value('SELECT content FROM answer WHERE id = ?', $question), $text,
        'Q3: stored');
    ok_void(web('Q3', POST => "/questions/$question/answers", 101, $body), 'Q3: again');
}

is_invalid(web('Q3', POST => '/questions/5/answers', 101, $_->[0]), $_->[1],
    "Q3: $_->[0]")
    for [ '{"x":1}', 'content cannot be null' ], [ 'null', 'the body is null' ],
        [ '["a"]', 'the body is not a JSON object' ];


# services
my $STORE = '{"storeId":ID,"storeCode":"0000000ID","storeName":"꽃집 ID",'
    . '"detailInfo":"소개 ID","storeThumbnailInfo":"https://a.kr/ID.png",'
    . '"averageRating":RATING,"phoneNumber":"010-ID","accountNumber":"110-ID",'
    . '"bank":"국민은행"}';

is_data(service('SI1', GET => '/id', 101), '1', 'SI1: auth, a seller with a store');
is_data(service('SI1', GET => '/id', 3214567890), 'null', 'SI1: auth, one without');
is_same_for_all(service('SI2', GET => '/1/info'),
    '{"storeName":"꽃집 1","storeAddress":"주소 1 1호"}', 'SI2: order-query, a pickup');
is_same_for_all(service('SI3', GET => '/1/name'), '"꽃집 1"', 'SI3: product');
is_same_for_all(service('SI4', GET => '/store-name?storeIds=1&storeIds=2&storeIds=1'),
    '{"1":"꽃집 1","2":"꽃집 2"}', 'SI4: order, ids that repeat');
is_invalid(service('SI4', GET => '/store-name'), 'parameter storeIds is required',
    'SI4: product, without products');
is_same_for_all(service('SI5', GET => '/1'), $STORE =~ s/ID/1/gr =~ s/RATING/4.5/r,
    'SI5');
like(service('SI6', GET => '')->body(), qr/\A\{"data":\[\Q${\ ($STORE =~ s{ID}{1}gr
    =~ s{RATING}{4.5}r)}\E,\Q${\ ($STORE =~ s{ID}{2}gr =~ s{RATING}{0}r)}\E,/, 'SI6');
is_data(service('SI7', POST => '/coupons/validate-purchase', undef,
    '{"validatePriceDtos":['
    . '{"couponId":5,"couponAmount":3000,"storeId":1,"deliveryCost":0,'
    . '"actualAmount":60000},'
    . '{"couponId":null,"couponAmount":0,"storeId":1,"deliveryCost":3000,'
    . '"actualAmount":49999}],"orderType":"DELIVERY"}'), 'null', 'SI7: order');
is_fail(service('SI7', POST => '/coupons/validate-purchase', undef,
    '{"validatePriceDtos":['
    . '{"couponId":5,"couponAmount":1,"storeId":1,"deliveryCost":0,'
    . '"actualAmount":60000}],'
    . '"orderType":"PICKUP"}'), '해당 요청은 실제 쿠폰 정보와 일치하지 않습니다.', 'SI7: not so');
is_data(service('SI8', POST => '/simple-info', undef, '[2,1]'), '[' . join(',',
    map { my ($id, $rating) = @$_; qq({"storeId":$id,"storeName":"꽃집 $id",)
        . qq("storeThumbnail":"https://a.kr/$id.png","detailInfo":"소개 $id",)
        . qq("averageRating":$rating}) } [ 1, 4.5 ], [ 2, 0 ]) . ']', 'SI8: wishlist');
is_data(service('SI9', POST => '/settlements', undef, '[2,1]'), '[{"storeId":2,'
    . '"storeName":"꽃집 2","bankName":"국민은행","accountNumber":"110-2","gugun":null,'
    . '"sido":null},{"storeId":1,"storeName":"꽃집 1","bankName":"국민은행",'
    . '"accountNumber":"110-1","gugun":"강남구","sido":"서울"}]', 'SI9: order');
is_data(service('SI10', POST => '/policy', undef, '[1]'), '{"1":{"storeName":"꽃집 1",'
    . '"deliveryCost":3000,"freeDeliveryMinCost":50000}}', 'SI10: product, the cart');
ok_void(service('CI1', POST => '/coupons/5/users/3214567890'), 'CI1: used');
is_data(service('CI2', GET => '/coupons/count', 3214567890), '3', 'CI2: user, my page');

my $change = '[{"storeId":1,"stockDtos":[{"flowerId":1,"stock":3}],'
    . '"phoneNumber":"01012345678","userId":3214567890}]';

is_data(service('GI2', PUT => '/flowers/stocks/subtract', undef, $change), 'null',
    'GI2: product');
is_data(service('GI1', PUT => '/flowers/stocks/add', undef, $change =~ s/:3\}/:1}/r),
    'null', 'GI1: product');
is($t->db()->value('SELECT stock FROM flower_cargo WHERE store_id = 1
    AND flower_id = 1'), 68,
    'GI1, GI2: the level');

is(join(' ', sort keys %done), join(' ', sort map { $_->{id} } endpoints()),
    'all endpoints');

$t->done();
