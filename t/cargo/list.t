# The stock levels of a store: GET /{storeId}/flowers/stocks.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(domains => 'cargo', stores => [ { id => 1 }, { id => 2 },
    { id => 3, deleted => 1 } ])->run();

my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';

$t->db()->do("INSERT INTO flower_cargo (store_id, flower_id, flower_name, stock)
    VALUES (1, 12, '튤립', 0), (1, 2, NULL, 9223372036854775807),
        (1, -3, '\"/\\', 5), (1, 1, '장미', 100), (3, 1, '장미', 1)");

sub list($store, $user = 100 + $store) {
    return $t->get("/stores/$store/flowers/stocks", user => $user);
}

is_data(list(1), '{"stockInfoDtos":[{"flowerId":-3,"name":"\"/\\\\","data":[5]},'
    . '{"flowerId":1,"name":"장미","data":[100]},'
    . '{"flowerId":2,"name":null,"data":[9223372036854775807]},'
    . '{"flowerId":12,"name":"튤립","data":[0]}]}', 'by flower');
is_data(list(2), '{"stockInfoDtos":[]}', 'none');
is_data($t->get('/stores/2/flowers/stocks/?page=x', user => 102, body => '{',
    type => 'text/plain'), '{"stockInfoDtos":[]}', 'nothing else is read');

is_invalid($t->get('/stores/1/flowers/stocks'), 'userId header is required',
    'no userId');
is_invalid(list('undefined', 1), 'storeId is not a 64-bit integer', 'no number');
is_fail(list(1, 102), $NOT_OWNER, 'the manager of another store');
is_fail(list(3), $NOT_OWNER, 'a deleted store');
is_fail(list(99), $NOT_OWNER, 'no such store');

$t->done();
