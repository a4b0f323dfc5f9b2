# Name and address of a store: GET /client/stores/{storeId}/info.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

my $NO_STORE = '해당 가게가 존재하지 않습니다.';

add_stores($t, { id => 12, name => '봄꽃집', address => '서울 강남구',
        detail => '202호' },
    { id => 13, name => '"', address => '부산', detail => '' },
    { id => 14, deleted => 1 }, { id => 15, address => undef });

sub info($id) { return $t->get("/client/stores/$id/info") }

is_same_for_all(info(12), '{"storeName":"봄꽃집","storeAddress":"서울 강남구 202호"}', 'both');
is_same_for_all(info(13), '{"storeName":"\"","storeAddress":"부산 "}', 'an empty detail');
is_same_for_all(info(14), '{"storeName":"꽃집 14","storeAddress":"주소 14 14호"}',
    'a flagged store');
is_fail(info(15), $NO_STORE, 'no address');
is_fail(info($_), $NO_STORE, "no store $_") for 99, 0, -1;
is_invalid(info('x'), 'storeId is not a 64-bit integer', 'not a number');

$t->done();
