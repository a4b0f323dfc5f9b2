# A store in brief for its manager: GET /{storeId}/manager.

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
my $NO_ADDRESS = '해당 가게의 주소가 존재하지 않습니다.';

add_stores($t, { id => 1, name => '봄꽃집', detail => '' },
    { id => 2, price => undef }, { id => 3, address => undef },
    { id => 4, deleted => 1 });

sub manager($id, @user) {
    return $t->get("/stores/$id/manager", @user ? (user => $user[0]) : ());
}

is_data(manager(1, 101), '{"storeName":"봄꽃집",'
    . '"storeThumbnailImage":"https://a.kr/1.png","phoneNumber":"010-1",'
    . '"accountNumber":"110-1","bank":"국민은행","detailInfo":"소개 1",'
    . '"address":"주소 1","addressDetail":""}', 'eight fields');
is_data(manager(2, 102), '{"storeName":"꽃집 2",'
    . '"storeThumbnailImage":"https://a.kr/2.png","phoneNumber":"010-2",'
    . '"accountNumber":"110-2","bank":"국민은행","detailInfo":"소개 2",'
    . '"address":"주소 2","addressDetail":"2호"}', 'a store without a policy');

is_invalid(manager(1), 'userId header is required', 'no userId');
is_invalid(manager(1, ''), 'userId header is required', 'an empty one');
is_invalid(manager(1, '101x'), 'userId header is not a 64-bit integer', 'not a number');
is_invalid(manager(1, [ 101, 101 ]), 'more than one userId header', 'two of them');
is_fail(manager(99, 101), $NO_STORE, 'no such store');
is_fail(manager(4, 104), $NO_STORE, 'a flagged one');
is_fail(manager(1, 102), $NOT_OWNER, 'the manager of another store');
is_fail(manager(3, 101), $NOT_OWNER, 'the owner rule comes before the rest');
is_fail(manager(3, 103), $NO_ADDRESS, 'no address');
is_invalid(manager('NaN', 101), 'storeId is not a 64-bit integer', 'not a number');

$t->done();
