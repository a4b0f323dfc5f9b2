# All that a seller can edit: GET /{storeId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

my $NO_STORE = '해당 가게가 존재하지 않습니다.';
my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';
my $NO_POLICY = '해당 가게의 배송정책이 존재하지 않습니다.';
my $NO_ADDRESS = '해당 가게의 주소가 존재하지 않습니다.';

add_stores($t,
    { id => 1, name => '봄꽃집', info => qq(따옴표 " \\ / \n\t끝), phone => '010',
        image => 'https://a.kr/a.png', account => '110-1', price => 3000,
        free => 50000, address => '서울 강남구', detail => '202호',
        zip => '06236', lat => 37.4923615, lon => 127.0292881 },
    { id => 2, sido => '44', gugun => '44133', detail => '', lat => -90,
        lon => 0.0001 },
    { id => 3, price => undef, address => undef }, { id => 4, address => undef },
    { id => 5, deleted => 1 });

sub form($id, @user) {
    return $t->get("/stores/$id", @user ? (user => $user[0]) : ());
}

is_data(form(1, 101), '{"storeName":"봄꽃집","detailInfo":"따옴표 \" \\\\ / \n\t끝",'
    . '"storeThumbnailImage":"https://a.kr/a.png","phoneNumber":"010",'
    . '"accountNumber":"110-1","bank":"국민은행","deliveryPrice":3000,'
    . '"freeDeliveryMinPrice":50000,"sido":"서울","gugun":"강남구",'
    . '"address":"서울 강남구","detailAddress":"202호","zipCode":"06236",'
    . '"lat":37.4923615,"lon":127.0292881}', 'all 15 fields');

is_data(form(2, 102), '{"storeName":"꽃집 2","detailInfo":"소개 2",'
    . '"storeThumbnailImage":"https://a.kr/2.png","phoneNumber":"010-2",'
    . '"accountNumber":"110-2","bank":"국민은행","deliveryPrice":3000,'
    . '"freeDeliveryMinPrice":50000,"sido":"충청남도","gugun":"천안시",'
    . '"address":"주소 2","detailAddress":"","zipCode":"06236",'
    . '"lat":-90,"lon":0.0001}', 'an empty text, other numbers');

is_invalid(form(1), 'userId header is required', 'no userId');
is_invalid(form(1, ''), 'userId header is required', 'an empty one');
is_invalid(form(1, '101x'), 'userId header is not a 64-bit integer', 'not a number');
is_invalid(form(1, [ 101, 101 ]), 'more than one userId header', 'two of them');
is_fail(form(99, 101), $NO_STORE, 'no such store');
is_fail(form(5, 105), $NO_STORE, 'a flagged one');
is_fail(form(0, 101), $NO_STORE, 'zero');
is_fail(form(1, 102), $NOT_OWNER, 'the manager of another store');
is_fail(form(3, 101), $NOT_OWNER, 'the owner rule comes before the rest');
is_fail(form(3, 103), $NO_POLICY, 'neither policy nor address');
is_fail(form(4, 104), $NO_ADDRESS, 'no address');
is_invalid(form('null', 101), 'storeId is not a 64-bit integer', 'not a number');

$t->done();
