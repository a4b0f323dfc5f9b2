# A seller creates a store: POST /.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

my $EXISTS = '둘 이상의 가게를 생성할 수 없습니다.';
my $NO_SIDO = '해당 시/도가 존재하지 않습니다.';
my $NO_GUGUN = '해당 구/군이 존재하지 않습니다.';

sub create($user, %o) {
    return $t->post('/stores/', user => $user, body => store_body(%o));
}

sub dump_all() {
    return join("\n", map { my $table = $_; map { join('|', map { $_ // 'null' } @$_) }
        $t->db()->rows("SELECT * FROM $table ORDER BY 1, 2") }
        qw(store delivery_policy store_address flower_cargo));
}

sub answer($data) {
    return qq({"data":$data,"message":null,"errorCode":null,"result":"SUCCESS"});
}


# success

is($t->get('/stores/list')->json()->{data}{totalCnt}, 0, 'an empty list, now cached');
is_data(create(3214567890), 1, 'the id of the new store');
is(join("\n", calls($t)), 'GET /client/flowers - ', 'the flowers were asked for');

my ($row) = $t->db()->rows("SELECT id, store_manager_id, store_name, detail_info,
    store_thumbnail_image, phone_number, account_number, bank, average_rating,
    monthly_sales_revenue, is_deleted FROM store");
is_deeply($row, [ 1, 3214567890, '봄꽃집', '매일 새 꽃', 'https://a.kr/new.png',
    '01012345678', '110-1', '국민은행', 0, 0, 0 ], 'the store');
like($t->db()->value('SELECT store_code FROM store'), qr/\A[0-9a-f]{8}\z/, 'its code');
is_deeply([ $t->db()->rows('SELECT store_id, delivery_price,
    free_delivery_min_price FROM delivery_policy') ], [ [ 1, 3000, 50000 ] ],
    'its policy');
is_deeply([ $t->db()->rows('SELECT store_id, sido_code, gugun_code, address,
    detail_address, zip_code, lat::text, lon::text FROM store_address') ],
    [ [ 1, 11, 11680, '서울 강남구 강남대로 1', '202호', '06236', '37.4923615',
        '127.0292881' ] ], 'its address');
is_deeply([ $t->db()->rows('SELECT store_id, flower_id, flower_name, stock
    FROM flower_cargo ORDER BY flower_id') ],
    [ [ 1, 1, '장미', 0 ], [ 1, 2, '튤립', 0 ] ], 'a stock of 0 for each flower');
is($t->get('/stores/list')->json()->{data}{totalCnt}, 1, 'in the list at once');
is_data($t->get('/client/stores/id', user => 3214567890), 1, 'found by its manager');

my $second = $t->post('/stores', user => 2, body => store_body(detailAddress => '',
    lat => '37.5', lon => '127', sido => '충남', gugun => '천안시'));
is_data($second, 2, 'without the slash; numbers as texts, names as a widget has them');
is($t->db()->value('SELECT gugun_code FROM store_address WHERE store_id = 2'), 44131,
    'the lower code of two');
is_data(create(3, sido => '세종시', gugun => ''), 3, 'the only gugun of a sido');

service_answers($t, 'flowers', 200, answer('[]'));
is_data(create(4), 4, 'there are no flowers');
service_answers($t, 'flowers', 200, answer('[{"x":1,"flowerName":"a","flowerId":7},'
    . '{"flowerId":7,"flowerName":"b"},{"flowerId":8,"flowerName":null},'
    . '{"flowerId":9}]'));
is_data(create(5), 5, 'one twice, and two without a name');
is_deeply([ $t->db()->rows('SELECT flower_id, flower_name FROM flower_cargo
    WHERE store_id = 5 ORDER BY flower_id') ], [ [ 7, 'a' ], [ 8, undef ], [ 9, undef ] ],
    'are three flowers');
service_answers($t, 'flowers');
is($t->db()->value('SELECT count(DISTINCT store_code) FROM store'), 5,
    'codes of their own');
calls($t);


# failures, in order, before the flowers are asked for

add_stores($t, { id => 90, manager => 90, deleted => 1 });
my $before = dump_all();

is_invalid($t->post('/stores/', body => store_body()), 'userId header is required',
    'no userId');
is_invalid(create(''), 'userId header is required', 'an empty one');
is_invalid(create('9x'), 'userId header is not a 64-bit integer', 'not a number');
is_invalid(create([ 9, 9 ]), 'more than one userId header', 'two of them');
is_fail(create(90, sido => '없음', gugun => '없음'), $NO_SIDO, 'no such sido');
is_fail(create(90, gugun => $_), $NO_GUGUN, "no gugun '$_'") for '', '없음', '해운대구';
is_fail(create($_), $EXISTS, "user $_ has a store") for 3214567890, 90;

for my $field (sort keys store_body()->%*) {
    is_invalid(create(9, $field => undef), "$field cannot be null", $field);
}

is_invalid(create(9, deliveryPrice => -1), 'deliveryPrice cannot be negative',
    'a negative price');
is_invalid(create(9, freeDeliveryMinPrice => -1),
    'freeDeliveryMinPrice cannot be negative', 'another one');
is_invalid(create(9, storeName => '꽃' x 256), 'storeName is too long', 'a long name');
is_invalid(create(9, lat => 91), 'lat is out of range', 'beyond the pole');

for my $case ([ '', 'the body is missing' ], [ 'null', 'the body is null' ],
    [ '[]', 'the body is not a JSON object' ], [ '1', 'the body is not a JSON object' ],
    [ '{', 'the body is not valid JSON' ])
{
    my ($body, $reason) = @$case;

    is_invalid($t->post('/stores/', user => 9, body => $body), $reason, "body '$body'");
}

is(join("\n", calls($t)), '', 'the flowers were not asked for');


# without the flowers there is no store

my $FLOWER = '{"flowerId":1,"flowerName":"장미"}';

for my $case ([ 500, answer("[$FLOWER]") ], [ 404, '' ], [ 200, '' ],
    [ 200, '<html></html>' ], [ 200, answer("[$FLOWER") ], [ 200, answer('null') ],
    [ 200, answer('{}') ], [ 200, "[$FLOWER]" ], [ 200, answer('[1]') ],
    [ 200, answer('[{"flowerName":"장미"}]') ],
    [ 200, answer('[{"flowerId":"x","flowerName":"장미"}]') ],
    [ 200, qq({"data":[$FLOWER],"message":"x","errorCode":"CE-01","result":"FAIL"}) ])
{
    service_answers($t, 'flowers', @$case);
    is_unavailable(create(9), "the product service answers @$case");
}

is(dump_all(), $before, 'nothing was written');
service_answers($t, 'flowers');
is($t->post('/stores/', user => 9, body => store_body())->json()->{result}, 'SUCCESS',
    'as soon as it is well again');

$t->done();
