# A seller replaces the data of a store: PUT /{storeId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

my $NO_ADDRESS = '해당 가게의 주소가 존재하지 않습니다.';
my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';
my $NO_POLICY = '해당 가게의 배송정책이 존재하지 않습니다.';
my $NO_SIDO = '해당 시/도가 존재하지 않습니다.';
my $NO_GUGUN = '해당 구/군이 존재하지 않습니다.';

add_stores($t, { id => 1, rating => 4.5, revenue => 7 }, { id => 2 },
    { id => 3, deleted => 1 }, { id => 4, address => undef, price => undef },
    { id => 5, price => undef });

sub update($id, $user, %o) {
    return $t->put("/stores/$id", user => $user, body => store_body(%o));
}

sub dump_all() {
    return join("\n", map { my $table = $_; map { join('|', @$_) }
        $t->db()->rows("SELECT * FROM $table ORDER BY id") }
        qw(store delivery_policy store_address));
}

# the rows of store 1 but for the times
sub rows() {
    return map { join('|', @$_) } $t->db()->rows('SELECT s.*, p.delivery_price,
        p.free_delivery_min_price, a.sido_code, a.gugun_code, a.address,
        a.detail_address, a.zip_code, a.lat::text, a.lon::text
        FROM (SELECT id, store_manager_id, store_code, store_name, detail_info,
            store_thumbnail_image, phone_number, account_number, bank,
            average_rating::text, monthly_sales_revenue, created_at::text,
            is_deleted FROM store) s
        JOIN delivery_policy p ON p.store_id = s.id
        JOIN store_address a ON a.store_id = s.id ORDER BY s.id');
}


# success

my (undef, @rest) = rows();
my $kept = '4.5|7|' . $t->db()->value("SELECT timestamptz '2024-01-20 12:00:00'") . '|0';

# the list is read first, so that it is in the cache
is($t->get('/stores/list')->json()->{data}{stores}[0]{averageRating}, 4.5, 'listed');

ok_void(update(1, 101), 'updated');
is_deeply([ rows() ], [ '1|101|00000001|봄꽃집|매일 새 꽃|https://a.kr/new.png|'
    . "01012345678|110-1|국민은행|$kept|3000|50000|11|11680|"
    . '서울 강남구 강남대로 1|202호|06236|37.4923615|127.0292881', @rest ],
    'all 15 fields, no other and of no other store');
is_deeply([ $t->db()->column("SELECT s.id FROM store s
    JOIN delivery_policy p ON p.store_id = s.id
    JOIN store_address a ON a.store_id = s.id
    WHERE least(s.updated_at, p.updated_at, a.updated_at)
        > now() - interval '1 hour'") ], [ 1 ], 'with the time of the change');
is($t->get('/stores/list')->json()->{data}{stores}[0]{storeName}, '봄꽃집',
    'seen in the list at once');

ok_void(update(1, 101, storeName => '', detailInfo => '', storeThumbnailImage => '',
    phoneNumber => '', accountNumber => '', bank => '', deliveryPrice => 0,
    freeDeliveryMinPrice => 0, address => '', detailAddress => '', zipCode => '',
    lat => -90, lon => -180), 'smallest values');
is((rows())[0], "1|101|00000001|||||||$kept|0|0|11|11680||||-90|-180", 'stored');

my ($long, $large) = ('꽃' x 255, 9223372036854775807);
ok_void(update(1, 101, storeName => $long, detailAddress => $long,
    deliveryPrice => $large, freeDeliveryMinPrice => $large, lat => 90, lon => 180),
    'largest values');
is((rows())[0], "1|101|00000001|$long|매일 새 꽃|https://a.kr/new.png|01012345678|"
    . "110-1|국민은행|$kept|$large|$large|11|11680|서울 강남구 강남대로 1|$long|06236|90|180",
    'stored');

ok_void($t->put('/stores/1', user => 101, body => '{"storeName":1.5,"detailInfo":true,'
    . '"storeThumbnailImage":"a","phoneNumber":10,"accountNumber":"1","bank":"b",'
    . '"deliveryPrice":"3000","freeDeliveryMinPrice":1.9,"sido":"서울","gugun":"중구",'
    . '"address":"c","detailAddress":"d","zipCode":6236,"lat":"37.5","lon":" 127 ",'
    . '"lat2":1,"zipCode":"1"}'), 'values in other forms');
is((rows())[0], "1|101|00000001|1.5|true|a|10|1|b|$kept|3000|1|11|11140|c|d|1|37.5|127",
    'read as the clients mean them');

# what the form shows can be sent back
my $form = $t->get('/stores/1', user => 101)->json()->{data};
my $before = (rows())[0];
ok_void($t->put('/stores/1', user => 101,
    body => $form), 'the form as it came');
is((rows())[0], $before, 'changes nothing');
ok_void($t->put('/stores/1/', user => 101, body => store_body()), 'a trailing slash');


# names of regions

for my $case ([ '서울특별시', '강남구', 11680 ], [ '경기', '수원시', 41111 ],
    [ '경기도', '수원시', 41111 ], [ '강원특별자치도', '고성군', 42820 ],
    [ '경남', '고성군', 48820 ], [ '충남', '천안시', 44131 ],
    [ '충청남도', '천안시', 44131 ], [ '세종', '', 36110 ],
    [ '세종특별자치시', '', 36110 ], [ '세종시', '조치원읍', 36110 ],
    [ '제주도', '서귀포시', 50130 ])
{
    my ($sido, $gugun, $code) = @$case;

    ok_void(update(1, 101, sido => $sido, gugun => $gugun), "$sido $gugun");
    is($t->db()->value("SELECT sido_code || ' ' || gugun_code FROM store_address
        WHERE store_id = 1"), substr($code, 0, 2) . " $code", "is $code");
}


# failures, in order

$before = dump_all();

is_invalid($t->put('/stores/1', body => {}), 'userId header is required', 'no userId');
is_invalid(update(1, ''), 'userId header is required', 'an empty one');
is_invalid(update(1, '101x'), 'userId header is not a 64-bit integer', 'not a number');
is_invalid(update(1, [ 101, 101 ]), 'more than one userId header', 'two of them');
is_fail(update($_, 101, sido => 'x'), $NO_ADDRESS, "no store $_") for 99, 0, -1;
is_fail(update(3, 103), $NO_ADDRESS, 'a flagged store');
is_fail(update(1, 102, sido => 'x'), $NOT_OWNER, 'the manager of another store');
is_fail(update(4, 101), $NOT_OWNER, 'the owner rule comes before the rest');
is_fail(update(4, 104, sido => 'x'), $NO_ADDRESS, 'neither address nor policy');
is_fail(update(5, 105, sido => 'x'), $NO_POLICY, 'no policy');
is_fail(update(1, 101, sido => $_, gugun => 'x'), $NO_SIDO, "no sido '$_'")
    for '', '없음', '11', '서울 ';
is_fail(update(1, 101, gugun => $_), $NO_GUGUN, "no gugun '$_'")
    for '', '없음', '11680', '해운대구';

for my $field (sort keys store_body()->%*) {
    is_invalid(update(1, 101, $field => undef), "$field cannot be null", $field);
    my $body = store_body();
    delete $body->{$field};
    is_invalid($t->put('/stores/1', user => 101, body => $body),
        "$field cannot be null", "$field is left out");
    my $type = $field =~ /Price/ ? 'an integer'
        : $field =~ /\Al/ ? 'a number' : 'a text';
    is_invalid(update(1, 101, $field => $_), "$field is not $type",
        "$field is a structure")
        for [], {};
}

for my $field (qw(deliveryPrice freeDeliveryMinPrice)) {
    is_invalid(update(1, 101, $field => $_), "$field cannot be negative", "$field $_")
        for -1, '-5';
    is_invalid(update(1, 101, $field => ''), "$field cannot be null",
        "$field is empty");
    is_invalid(update(1, 101, $field => $_), "$field is not an integer", "$field $_")
        for 'x', '3.7', '9223372036854775808', \1;
}

for my $field (qw(storeName detailInfo storeThumbnailImage phoneNumber accountNumber
    bank sido gugun address detailAddress zipCode))
{
    is_invalid(update(1, 101, $field => '꽃' x 256), "$field is too long", $field);
}

for my $case ([ lat => 90.001, -90.001, -91 ], [ lon => 180.001, -180.001, -181 ]) {
    my ($field, @outside) = @$case;

    is_invalid(update(1, 101, $field => $_), "$field is out of range", "$field $_")
        for @outside;
    is_invalid(update(1, 101, $field => $_), "$field is not a number", "$field $_")
        for 'NaN', 'Infinity', '1e999', 'x', '0x1', \1;
    is_invalid(update(1, 101, $field => ''), "$field cannot be null", "no $field");
}

is_invalid(update('abc', 101), 'storeId is not a 64-bit integer', 'not a number');

is(dump_all(), $before, 'nothing was written');

$t->done();
