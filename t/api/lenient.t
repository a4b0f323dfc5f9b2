# What the lenient forms of a body come to: each value in its many forms, as it is
# stored or answered afterwards.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Document;
use BB::Store;
use BB::Test;

my $JSON = JSON::PP->new->canonical;
my $MAX = '9223372036854775807';
my $t = furnished();
my $body = $JSON->encode(store_body());

# The body of S2 with other JSON for one member.
sub edited($name, $json) {
    return $body =~ s/"$name":(?:"[^"]*"|[^,}]+)/"$name":$json/r;
}

# That member as S3 shows it afterwards.
sub stored($name, $json) {
    my $answer = $t->put('/stores/1', user => 101, body => edited($name, $json));

    return $answer->whole() if $answer->status() != 200 or $answer->body() ne '';
    return $1 if $t->get('/stores/1', user => 101)->body()
        =~ /"$name":("(?:[^"\\]|\\.)*"|[^,}]+)/;
}

for my $case ([ '0', 0 ], [ '12', 12 ], [ '"12"', 12 ], [ '" 12 "', 12 ],
    [ '"\\t12\\n"', 12 ], [ '"+12"', 12 ], [ '"0012"', 12 ], [ '12.0', 12 ],
    [ '12.999', 12 ], [ '1.2e1', 12 ], [ '1200E-2', 12 ], [ '-0', 0 ], [ '-0.9', 0 ],
    [ '1e18', '1' . '0' x 18 ], [ $MAX, $MAX ], [ "\"$MAX\"", $MAX ],
    [ "$MAX.9", $MAX ], [ '9007199254740993', '9007199254740993' ],
    [ '9007199254740993.7', '9007199254740993' ],
    [ '123456789012345678', '123456789012345678' ],
    [ '1234567890123456789', '1234567890123456789' ], [ '0.' . '9' x 300, 0 ])
{
    is(stored('deliveryPrice', $case->[0]), $case->[1], "an integer: $case->[0]");
}

for my $case ([ '37.5', '37.5' ], [ '37', '37' ], [ '"37.5"', '37.5' ],
    [ '" 37.5 "', '37.5' ], [ '3.75e1', '37.5' ], [ '"3.75E+1"', '37.5' ],
    [ '37.50', '37.5' ], [ '-90', '-90' ], [ '37.4923615', '37.4923615' ],
    [ '0.1', '0.1' ], [ '37.' . '1' x 400,
        '37.111111111111114' ], [ '1e-400', '0' ], [ '0.0001', '0.0001' ])
{
    my $found = stored('lat', $case->[0]);

    ok($found =~ /\A-?[0-9.e-]+\z/ && $found == $case->[1], "a double: $case->[0]")
        or diag($found);
}

for my $case ([ '"꽃 집"', '"꽃 집"' ], [ '""', '""' ], [ '"  "', '"  "' ],
    [ '12', '"12"' ], [ '1.50', '"1.50"' ], [ '1e3', '"1e3"' ], [ '-0', '"-0"' ],
    [ '-0.0E-5', '"-0.0E-5"' ], [ '1E400', '"1E400"' ],
    [ '11012345678901234567', '"11012345678901234567"' ], [ $MAX, "\"$MAX\"" ],
    [ '4611686018427387904', '"4611686018427387904"' ],
    [ '1' x 255, '"' . '1' x 255 . '"' ], [ 'true', '"true"' ], [ 'false', '"false"' ],
    [ '"\\uAC00\\ud83c\\udf38\\/"', "\"가\xf0\x9f\x8c\xb8/\"" ], [ '"null"', '"null"' ],
    [ '"\\"1.5\\""', '"\\"1.5\\""' ], [ '"1e5,2.5}"', '"1e5,2.5}"' ],
    [ '"\\\\"', '"\\\\"' ])
{
    is(stored('accountNumber', $case->[0]), $case->[1], 'a text: '
        . substr($case->[0], 0, 30));
}

# many at once, each in its place
ok_void($t->put('/stores/1', user => 101, body => edited('storeName', '1.10')
    =~ s/"bank":"[^"]*"/"bank":2.20,"x":[3.30,{"y":4e4}]/r
    =~ s/"zipCode":"[^"]*"/"zipCode":55555555555555555555/r
    =~ s/"deliveryPrice":3000/"deliveryPrice":6.60e2/r), 'several numbers');
like($t->get('/stores/1', user => 101)->body(),
    qr/"storeName":"1.10".*"bank":"2.20","deliveryPrice":660,.*"zipCode":"5{20}"/,
    'each is its own');

# booleans
for my $case (map({ [ $_, 1 ] } 'true', '"true"', '"True"', '"TRUE"', '1', '-1', '0.5',
    '1e400'),
    map({ [ $_, 0 ] } 'false', '"false"', '"False"', '"FALSE"', '0', '0.0', '0e5', '-0',
        'null', '""'))
{
    my ($json, $secret) = @$case;

    ok_void($t->post('/stores/questions', user => 77,
        body => '{"storeId":1,"productId":"q",'
        . '"productName":"a","title":"b","content":"c","nickname":"d","isSecret":'
            . $json
        . '}'), "a boolean: $json");
    is($t->db()->value('SELECT is_secret::int FROM question ORDER BY id DESC LIMIT 1'),
        $secret, "a boolean: $json: stored");
}

# lists
for my $case ([ '[1]', '1' ], [ '["1",2.9," 2 "]', '1 2' ], [ '[]', '' ],
    [ "[$MAX,1e0,-1]", '1' ])
{
    is(join(' ', map { $_->{storeId} } $t->post('/client/stores/simple-info',
        body => $case->[0])->json()->{data}->@*), $case->[1], "ids: $case->[0]");
}

# members of listed objects
$t->db()->do('UPDATE flower_cargo SET stock = 100');

for my $case ([ '{"flowerId":1,"stock":7}', 7 ], [ '{"flowerId":"1","stock":"8"}', 8 ],
    [ '{"flowerId":1.9,"stock":9.9}', 9 ],
    [ '{"stock":"1","stock":1e1,"flowerId":1}', 10 ])
{
    ok_void($t->put('/stores/1/flowers/stocks', user => 101,
        body => "{\"stockModifyDtos\":[$case->[0]]}"), "in a list: $case->[0]");
    is($t->db()->value('SELECT stock FROM flower_cargo WHERE store_id = 1
        AND flower_id = 1'), $case->[1], "in a list: $case->[0]: stored");
}

is_data($t->put('/client/stores/flowers/stocks/subtract', body => '[{"storeId":"1",'
    . '"stockDtos":[{"flowerId":1.0,"stock":"9"}],"phoneNumber":1.50,"userId":"+7"}]'),
    'null', 'subtracted');
is($t->db()->value('SELECT stock FROM flower_cargo WHERE store_id = 1
    AND flower_id = 1'), 1,
    'as much as said');
is_fail($t->put('/client/stores/flowers/stocks/subtract', body => '[{"storeId":"1",'
    . '"stockDtos":[{"flowerId":1.0,"stock":"9"}],"phoneNumber":1.50,"userId":"+7"}]'),
    '재고는 음수가 될 수 없습니다.', 'too much');
like($t->db()->value('SELECT payload FROM outbox ORDER BY id DESC LIMIT 1'),
    qr/\{"userId":7,"phoneNumber":"1\.50"\}/, 'whom to tell');

# bare ones
for my $case ([ '30000', 'true' ], [ '29999.99', 'false' ], [ '"30000"', 'true' ],
    [ '" 30000 "', 'true' ], [ '3e4', 'true' ], [ '{"totalAmount":"30000"}', 'true' ],
    [ '{"totalAmount":29999}', 'false' ], [ $MAX, 'true' ], [ '-1', 'false' ])
{
    like($t->post('/stores/1/coupons/payment', user => 101, body => $case->[0])->body(),
        qr/"isAvailable":$case->[1]\}/, "a bare amount: $case->[0]");
}

# booleans and lists in the query
for my $case (map({ ([ $_, 1 ], [ uc, 1 ]) } qw(true on yes 1)),
    map({ ([ $_, 0 ], [ uc, 0 ]) } qw(false off no 0)))
{
    my $url = "/stores/questions/product/p?is-replied=$case->[0]";
    my %replied = map { ($_->{isReplied} ? 1 : 0) => 1 }
        $t->get($url)->json()->{data}{data}->@*;

    is(join(' ', keys %replied), $case->[1], "is-replied=$case->[0]");
}

for my $query ('storeIds=1&storeIds=2', 'storeIds=1,2', 'storeIds=1%2C2',
    'storeIds=2,1&storeIds=1', 'storeIds=,1,,2,&x=3', 'storeIds=%31&storeIds=+2')
{
    my $answer = $t->get("/client/stores/store-name?$query")->json();

    is(join(' ', sort keys $answer->{data}->%*), '1 2', $query);
}

is_same_for_all($t->get('/client/stores/store-name?storeIds=' . join(',', (1) x 3900)),
    '{"1":"1.10"}', 'as many as fit into a line');

# pages: digits beyond any number are a large one, with a sign or without
for my $page ('9' x 30, '%2B' . '9' x 30, $MAX, "+$MAX") {
    is_data($t->get("/stores/list?page=$page&size=1"), '{"stores":[],"totalCnt":3}',
        "page=$page");
}

is($t->get("/stores/list?page=$_&size=1")->json()->{data}{stores}[0]{storeId}, 1,
    "page=$_")
    for '-' . '9' x 30, '', 'x', '9' x 30 . 'x', '+', '%2B-1';
is(scalar $t->get("/stores/list?size=$_")->json()->{data}{stores}->@*, 3, "size=$_")
    for '9' x 30, '%2B' . '9' x 30, '-1', '0', 'x';
is(scalar $t->get("/stores/list?size=$_")->json()->{data}{stores}->@*, 2, "size=$_")
    for '2', '%2B2', '002';

$t->done();
