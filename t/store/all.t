# All stores for another service: GET /client/stores.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

is_same_for_all($t->get('/client/stores'), '[]', 'none');

add_stores($t, { id => 3, rating => 0.0001 }, { id => 1, rating => 4.5 },
    { id => 2, deleted => 1, address => undef });

sub row($id, $rating) {
    return qq({"storeId":$id,"storeCode":"0000000$id","storeName":"꽃집 $id",)
        . qq("detailInfo":"소개 $id","storeThumbnailInfo":"https://a.kr/$id.png",)
        . qq("averageRating":$rating,"phoneNumber":"010-$id",)
        . qq("accountNumber":"110-$id","bank":"국민은행"});
}

my $all = '[' . join(',', row(1, 4.5), row(2, 0), row(3, '0.0001')) . ']';

is_same_for_all($t->get($_), $all, $_)
    for '/client/stores', '/client/stores/', '/client/stores?page=1&size=1';

# more than one buffer of anything
$t->db()->do(q{INSERT INTO store (id, store_manager_id, store_code, store_name,
        detail_info, store_thumbnail_image, phone_number, account_number, bank)
    SELECT n, n, 'c' || n, repeat('꽃', 255), repeat('a', 255), '', '', '', ''
    FROM generate_series(1001, 6000) n});

my $list = $t->get('/client/stores')->json()->{data};
is_deeply([ map { $_->{storeId} } @$list ], [ 1 .. 3, 1001 .. 6000 ],
    'complete, by id');

$t->done();
