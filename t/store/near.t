# Stores near a point: GET /map/location.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

my ($LAT, $LON) = (37.4923615, 127.0292881);
my $DEGREE = 6371000 * atan2(1, 1) / 45;     # metres on a great circle
my $COS = cos($LAT * atan2(1, 1) / 45);

sub near($lat, $lon, $level, %o) {
    return $t->get("/stores/map/location?lat=$lat&lon=$lon&level=$level", %o);
}

sub ids(@where) { return join(',', near(@where)->json()->{data}{storeIds}->@*) }

is_data(near($LAT, $LON, 5), '{"stores":[],"storeIds":[]}', 'no store');

add_stores($t,
    { id => 12, name => '봄꽃집', rating => 4.5, lat => 37.4923, lon => 127.0293,
        detail => '' },
    { id => 13, rating => 4.5, lat => $LAT, lon => $LON },
    { id => 14, rating => 5, lat => $LAT, lon => $LON, deleted => 1 },
    { id => 15, rating => 4.6, lat => $LAT, lon => $LON, price => undef },
    { id => 16, rating => 5, address => undef });

is_data(near($LAT, $LON, 1), '{"stores":['
    . '{"storeId":15,"storeName":"꽃집 15","isLiked":null,"detailInfo":"소개 15",'
    . '"thumbnailImage":"https://a.kr/15.png","averageRating":4.6,'
    . '"position":{"lat":37.4923615,"lon":127.0292881},"address":"주소 15",'
    . '"detailAddress":"15호"},'
    . '{"storeId":12,"storeName":"봄꽃집","isLiked":null,"detailInfo":"소개 12",'
    . '"thumbnailImage":"https://a.kr/12.png","averageRating":4.5,'
    . '"position":{"lat":37.4923,"lon":127.0293},"address":"주소 12",'
    . '"detailAddress":""},'
    . '{"storeId":13,"storeName":"꽃집 13","isLiked":null,"detailInfo":"소개 13",'
    . '"thumbnailImage":"https://a.kr/13.png","averageRating":4.5,'
    . '"position":{"lat":37.4923615,"lon":127.0292881},"address":"주소 13",'
    . '"detailAddress":"13호"}],"storeIds":[15,12,13]}', 'by rating, then by id');

sub liked($user) {
    return join(' ', map { "$_->{storeId}:" . ($_->{isLiked} // 'null') }
        near($LAT, $LON, 1, user => $user)->json()->{data}{stores}->@*);
}

is(join("\n", calls($t)), '', 'nobody has likes');
is(liked(5), '15:1 12:0 13:0', 'true or false for a caller');
is(join("\n", calls($t, '[15,12,13]')), 'POST /client/likes/stores 5 [15,12,13]',
    'asked for once');
service_answers($t, 'likes', 200, '{"data":{"12":true},"message":null,'
    . '"errorCode":null,"result":"SUCCESS"}');
is(liked(5), '15:0 12:1 13:0', 'false if the wishlist leaves it out');
service_answers($t, 'likes', 503);
is(liked(5), '15:0 12:0 13:0', 'or does not answer');
is(liked(''), '15:null 12:null 13:null', 'null for nobody');
calls($t);
is_data(near(0, 0, 1, user => 5), '{"stores":[],"storeIds":[]}', 'no store');
is(join("\n", calls($t)), '', 'nothing is asked for');


# the square of each level: just inside and just outside on its four sides, and
# its corner, which is outside of the circle

$t->db()->do('DELETE FROM store_address');

my %half = (1 => 150, 2 => 250, 3 => 500, 4 => 1000, 5 => 2000);
my $id = 100;
my %inside;

for my $level (1 .. 5) {
    for my $side ([ 1, 0 ], [ -1, 0 ], [ 0, 1 ], [ 0, -1 ], [ 1, 1 ]) {
        for my $metres ($half{$level} - 0.5, $half{$level} + 0.5) {
            add_stores($t, { id => ++$id, lat => $LAT + $side->[0] * $metres / $DEGREE,
                lon => $LON + $side->[1] * $metres / $DEGREE / $COS });
            $inside{$_}{$id} = 1 for grep { $metres < $half{$_} } 1 .. 5;
        }
    }
}

is(ids($LAT, $LON, $_), join(',', sort { $a <=> $b } keys $inside{$_}->%*),
    "the square of level $_") for 1 .. 5;

# the level is any form of an integer
is(ids($LAT, $LON, $_->[0]), join(',', sort { $a <=> $b } keys $inside{$_->[1]}->%*),
    "level=$_->[0]") for [ '05', 5 ], [ '+3', 3 ], [ '%2B3', 3 ], [ '0' x 300 . '1', 1 ];

# the edge belongs to the square
$t->db()->do('UPDATE store_address SET lat = 0, lon = 0');
my $edge = $t->db()->value('SELECT degrees(150 / 6371000.0::float8)::text');
is(ids($edge, 0, 1), join(',', 101 .. $id), 'on its edge');
is(ids("-$edge", 0, 1), join(',', 101 .. $id), 'on the other one');
is(ids(0, $edge, 1), join(',', 101 .. $id), 'on its side');
is(ids(0, "-$edge", 1), join(',', 101 .. $id), 'on the other one');


# the poles and the date line

$t->db()->do('DELETE FROM store_address');
add_stores($t, { id => 1, lat => 90, lon => -100 }, { id => 2, lat => -90, lon => 0 },
    { id => 3, lat => 0, lon => 180 });

is(ids(90, 180, 1), 1, 'all round the north pole');
is(ids('-90.0', '-180', 1), 2, 'and the south pole');
is(ids(0, 180, 1), 3, 'on the date line');


# bad input

is_invalid(near('', 0, 1), 'parameter lat is empty', 'lat=');
is_invalid(near($_, 0, 1), 'lat is not a decimal number', "lat=$_")
    for 'x', 'NaN', 'Infinity', '1e400', '1,5', '0x1', '37.5%20N';
is_invalid(near($_, 0, 1), 'lat is out of range', "lat=$_")
    for '90.0001', '-90.0001', '-91';

is_invalid(near(0, '', 1), 'parameter lon is empty', 'lon=');
is_invalid(near(0, $_, 1), 'lon is not a decimal number', "lon=$_")
    for 'x', 'nan', '-inf';
is_invalid(near(0, $_, 1), 'lon is out of range', "lon=$_")
    for '180.0001', '-180.0001', '-181';

is_invalid(near(0, 0, ''), 'parameter level is empty', 'level=');
is_invalid(near(0, 0, $_), 'level is out of range', "level=$_") for 0, 6, -1, '-0', 10;
is_invalid(near(0, 0, $_), 'level is not a 64-bit integer', "level=$_")
    for '+', '--1', 'x', '1.5', '1.0', '1e0', '0x1', '3%20', '%2B%2B3',
        '9223372036854775808', '1,2';

for my $case ([ 'lon=0&level=1', 'lat' ], [ 'lat=0&level=1', 'lon' ],
    [ 'lat=0&lon=0', 'level' ])
{
    my ($query, $field) = @$case;

    is_invalid($t->get("/stores/map/location?$query"), "parameter $field is required",
        "$field is missing");
}

is_invalid($t->get('/stores/map/location?lat=0&lon=0&level=1', user => 'x'),
    'userId header is not a 64-bit integer', 'userId is not a number');

$t->done();
