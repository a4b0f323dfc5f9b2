# Stores of a region: GET /map/region.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

my $NO_SIDO = '해당 시/도가 존재하지 않습니다.';
my $NO_GUGUN = '해당 구/군이 존재하지 않습니다.';
my $MISMATCH = '선택한 시/도와 구/군이 맞지 않습니다.';
my $NONE = '{"stores":[],"storeIds":[]}';

sub region($sido, $gugun = '', %o) {
    return $t->get("/stores/map/region?sido=$sido&gugun=$gugun", %o);
}

sub ids(@where) { return join(',', region(@where)->json()->{data}{storeIds}->@*) }

is_data(region(11), $NONE, 'no store');

add_stores($t, { id => 12, name => '봄꽃집', rating => 4.5, gugun => '11740' },
    { id => 11, rating => 4.5, gugun => '11680' },
    { id => 10, rating => 4.6, gugun => '11680', lat => 0, lon => -0.5, detail => '' },
    { id => 13, gugun => '11110' },
    { id => 14, deleted => 1 }, { id => 15, address => undef },
    { id => 16, sido => '26', gugun => '26110', rating => 5 },
    { id => 9, sido => '26', gugun => '26710', rating => 5 });

is_data(region(11, 11680), '{"stores":['
    . '{"storeId":10,"storeName":"꽃집 10","isLiked":null,"detailInfo":"소개 10",'
    . '"thumbnailImage":"https://a.kr/10.png","averageRating":4.6,'
    . '"position":{"lat":0,"lon":-0.5},"address":"주소 10","detailAddress":""},'
    . '{"storeId":11,"storeName":"꽃집 11","isLiked":null,"detailInfo":"소개 11",'
    . '"thumbnailImage":"https://a.kr/11.png","averageRating":4.5,'
    . '"position":{"lat":37.5,"lon":127},"address":"주소 11","detailAddress":"11호"}'
    . '],"storeIds":[10,11]}', 'of a gugun');
is(ids(11), '10,11,12,13', 'of a sido, by rating, then by id');
is(ids(11, 11110), '13', 'its first gugun');
is(ids(11, 11740), '12', 'its last gugun');
is(ids(26), '9,16', 'another sido, of equals the lower id first');
is_data(region(11, 11140), $NONE, 'a gugun without stores');
is_data(region(29), $NONE, 'a sido without stores');
is(ids(11, '11680&gugun=11110&sido=26'), '10,11', 'the first of two');

is(join("\n", calls($t)), '', 'nobody has likes');
is(join(' ', map { "$_->{storeId}:$_->{isLiked}" }
    region(11, '', user => 5)->json()->{data}{stores}->@*), '10:1 11:0 12:0 13:0',
    'true or false for a caller');
is(join("\n", calls($t, '[10,11,12,13]')),
    'POST /client/likes/stores 5 [10,11,12,13]', 'asked for once');
service_answers($t, 'likes', 500);
is(join(' ', map { "$_->{storeId}:$_->{isLiked}" }
    region(11, 11680, user => 5)->json()->{data}{stores}->@*), '10:0 11:0',
    'false if the wishlist does not answer');
calls($t);
is_data(region(29, '', user => 5), $NONE, 'no store for a caller');
is_fail(region(99, '', user => 5), $NO_SIDO, 'nor a sido');
is(join("\n", calls($t)), '', 'nothing is asked for');

is_fail(region('null'), $NO_SIDO, 'what a client sends with nothing chosen');
is_fail(region($_, 11680), $NO_SIDO, "no sido '$_'")
    for '', 99, 1, 116, '%EC%84%9C%EC%9A%B8';
is_fail(region(99, 99), $NO_SIDO, 'neither');
is_fail(region(11, $_), $NO_GUGUN, "no gugun '$_'") for 11, 99999, 'null', '%20';
is_fail(region(11, 26110), $MISMATCH, 'a gugun of another sido');

is_invalid($t->get('/stores/map/region?gugun=11680'), 
    'parameter sido is required', 'sido is missing');
is_invalid($t->get('/stores/map/region?sido=11'), 'parameter gugun is required',
    'gugun is missing');
is_invalid($t->get('/stores/map/region?sido=11&gugun=', user => 'x'), 
    'userId header is not a 64-bit integer', 'userId is not a number');

$t->done();
