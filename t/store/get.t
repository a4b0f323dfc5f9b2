# One store for another service: GET /client/stores/{storeId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

add_stores($t, { id => 12, code => '3f2a9c1d', name => '봄꽃집', rating => 4.33333 },
    { id => 13, deleted => 1, price => undef, address => undef });

sub get($id) { return $t->get("/client/stores/$id") }

is_same_for_all(get(12), '{"storeId":12,"storeCode":"3f2a9c1d","storeName":"봄꽃집",'
    . '"detailInfo":"소개 12","storeThumbnailInfo":"https://a.kr/12.png",'
    . '"averageRating":4.33333,"phoneNumber":"010-12","accountNumber":"110-12",'
    . '"bank":"국민은행"}', 'nine fields');
is_same_for_all(get(13), '{"storeId":13,"storeCode":"0000000d","storeName":"꽃집 13",'
    . '"detailInfo":"소개 13","storeThumbnailInfo":"https://a.kr/13.png",'
    . '"averageRating":0,"phoneNumber":"010-13","accountNumber":"110-13",'
    . '"bank":"국민은행"}', 'a flagged store, a store and nothing else');
is_fail(get($_), '해당 가게가 존재하지 않습니다.', "no store $_") for 99, 0, -1;
is_invalid(get($_), 'storeId is not a 64-bit integer', "$_ is no number")
    for 'x', 'ids', '1.0';

$t->done();
