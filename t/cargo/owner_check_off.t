# With the owner rule switched off, anybody reads and sets stock levels.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(domains => 'cargo', location => 'bb_store_owner_check off;',
    stores => [ { id => 1 }, { id => 3, deleted => 1 } ])->run();

my $body = '{"stockModifyDtos":[{"flowerId":1,"stock":5}]}';
my $NOT_FOUND = '해당 가게는 해당 꽃 재고를 등록하지 않았습니다';

$t->db()->do("INSERT INTO flower_cargo (store_id, flower_id, flower_name, stock)
    VALUES (1, 1, '장미', 1), (3, 1, '장미', 1)");

ok_void($t->put('/stores/1/flowers/stocks', body => $body), 'set by nobody');
is_data($t->get('/stores/1/flowers/stocks'),
    '{"stockInfoDtos":[{"flowerId":1,"name":"장미","data":[5]}]}', 'read by nobody');
is_data($t->get('/stores/1/flowers/stocks', user => 9),
    '{"stockInfoDtos":[{"flowerId":1,"name":"장미","data":[5]}]}', 'and by anybody');

for my $store (3, 99) {
    is_data($t->get("/stores/$store/flowers/stocks"), '{"stockInfoDtos":[]}',
        "store $store, which is not there, has none");
    is_fail($t->put("/stores/$store/flowers/stocks", body => $body), $NOT_FOUND,
        'none to be set');
    ok_void($t->put("/stores/$store/flowers/stocks",
        body => '{"stockModifyDtos":[]}'), 'none is set');
}

is($t->db()->value('SELECT stock FROM flower_cargo WHERE store_id = 3'), 1,
    'a deleted store keeps its stock');

$t->done();
