# The table of stores for operators: GET /admin.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

my $NO_SIDO = '해당 시/도가 존재하지 않습니다.';
my $NO_GUGUN = '해당 구/군이 존재하지 않습니다.';
my $MISMATCH = '선택한 시/도와 구/군이 맞지 않습니다.';
my $NONE = '{"data":[],"totalCnt":0}';

sub admin($query) { return $t->get("/stores/admin?$query") }

sub keys_of($query) {
    return join(',', map { $_->{key} } admin($query)->json()->{data}{data}->@*);
}

is_same_for_all(admin('sido=11'), $NONE, 'no store');

add_stores($t,
    { id => 12, code => '3f2a9c1d', name => '봄꽃집', rating => 4.5,
        revenue => 1250000, created => '2024-01-20 23:59:59.9' },
    { id => 5, rating => 4.33333, revenue => 9223372036854775807,
        created => '2024-01-21', gugun => '11110', price => undef },
    { id => 6, rating => 4.5, revenue => 9223372036854775806,
        created => '2024-01-20 00:00:00', gugun => '11110' },
    { id => 7, rating => 5, revenue => 1250000, created => '2024-01-20 00:00:00' },
    { id => 8, deleted => 1 }, { id => 9, address => undef },
    { id => 10, sido => '36', gugun => '36110' },
    { id => 20, sido => '26', gugun => '26110', created => '2024-01-21' },
    { id => 21, sido => '26', gugun => '26110', created => '2024-01-20' });

is_same_for_all(admin('page=0&size=13&sido=11&sort=DATE'), '{"data":['
    . '{"key":5,"storeCode":"00000005","storeName":"꽃집 5","phoneNumber":"010-5",'
    . '"bank":"국민은행","accountNumber":"110-5","averageRating":4.33333,'
    . '"totalAmount":9223372036854775807,"regDate":"2024-01-21"},'
    . '{"key":12,"storeCode":"3f2a9c1d","storeName":"봄꽃집","phoneNumber":"010-12",'
    . '"bank":"국민은행","accountNumber":"110-12","averageRating":4.5,'
    . '"totalAmount":1250000,"regDate":"2024-01-20"},'
    . '{"key":7,"storeCode":"00000007","storeName":"꽃집 7","phoneNumber":"010-7",'
    . '"bank":"국민은행","accountNumber":"110-7","averageRating":5,'
    . '"totalAmount":1250000,"regDate":"2024-01-20"},'
    . '{"key":6,"storeCode":"00000006","storeName":"꽃집 6","phoneNumber":"010-6",'
    . '"bank":"국민은행","accountNumber":"110-6","averageRating":4.5,'
    . '"totalAmount":9223372036854775806,"regDate":"2024-01-20"}'
    . '],"totalCnt":4}', 'what the client sends: newest first, ties by id');

is(keys_of('sido=11'), '5,12,7,6', 'by date unless told');
is(keys_of('sido=11&sort='), '5,12,7,6', 'also if empty');
is(keys_of('sido=11&sort=RATE'), '7,12,6,5', 'by rating, ties by id');
is(keys_of('sido=11&sort=AMOUNT'), '5,6,12,7', 'by amount, to the last won');
is(keys_of('sido=11&gugun='), '5,12,7,6', 'an empty gugun');
is(keys_of('page=0&size=13&sido=11&sort=DATE&gugun=11680'), '12,7', 'of a gugun');
is(keys_of('sido=11&gugun=11110&sort=RATE'), '6,5', 'of another one');
is(keys_of('sido=36'), '10', 'another sido');
is(keys_of("sido=26&gugun=26110&sort=$_"), $_ eq 'DATE' ? '20,21' : '21,20',
    "by $_, of equals the last first") for qw(DATE RATE AMOUNT);
is_same_for_all(admin('sido=29&gugun=29110'), $NONE, 'a gugun without stores');

my %pages = ('size=3' => '5,12,7', 'page=1&size=3' => '6', 'page=2&size=3' => '',
    'page=-1&size=3' => '5,12,7', 'page=x&size=x' => '5,12,7,6',
    'page=9223372036854775807&size=2000' => '');

for my $query (sort keys %pages) {
    is(keys_of("sido=11&$query"), $pages{$query}, "admin?$query");
    is(admin("sido=11&$query")->json()->{data}{totalCnt}, 4, 'of four');
}

is(admin('sido=11&gugun=11110&size=1')->json()->{data}{totalCnt}, 2,
    'the total is that of the gugun');

is_fail(admin("sido=$_"), $NO_SIDO, "no sido '$_'") for '', 99, 'null';
is_fail(admin('sido=99&gugun=99'), $NO_SIDO, 'neither');
is_fail(admin("sido=11&gugun=$_"), $NO_GUGUN, "no gugun '$_'") for 99, 'null';
is_fail(admin('sido=11&gugun=36110'), $MISMATCH, 'a gugun of another sido');
is_invalid(admin('page=0'), 'parameter sido is required', 'sido is missing');
is_invalid(admin("sido=11&sort=$_"), 'sort has an unknown value',
    "sort=$_")
    for 'date', 'NAME', 'DATE,desc', 'RATE%20';

$t->done();
