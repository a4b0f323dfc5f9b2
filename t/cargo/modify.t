# The manager of a store sets stock levels: PUT /{storeId}/flowers/stocks.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(domains => 'cargo', stores => [ { id => 1 }, { id => 2 },
    { id => 3, deleted => 1 } ])->run();

my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';
my $NOT_FOUND = '해당 가게는 해당 꽃 재고를 등록하지 않았습니다';
my $NEGATIVE = '재고는 음수가 될 수 없습니다.';

$t->db()->do("INSERT INTO flower_cargo (store_id, flower_id, stock, updated_at)
    SELECT s, f, 10 * f, '2024-01-01' FROM generate_series(1, 3) s,
        generate_series(1, 3) f");

# levels: text of the list
sub modify($store, $levels, $user = 100 + $store) {
    return $t->put("/stores/$store/flowers/stocks", user => $user,
        body => qq({"stockModifyDtos":$levels}));
}

# The levels of a store, in the order of the flowers.
sub levels($store = 1) {
    return join(' ', $t->db()->column('SELECT stock FROM flower_cargo
        WHERE store_id = ? ORDER BY flower_id', $store));
}

sub all() { return join(', ', map { levels($_) } 1 .. 3) }


# success

ok_void(modify(1, '[{"flowerId":1,"stock":100},{"flowerId":2,"stock":0}]'), 'set');
is(all(), '100 0 30, 10 20 30, 10 20 30', 'these two of this store');
is(join(' ', $t->db()->column("SELECT updated_at > now() - interval '1 hour'
    FROM flower_cargo WHERE store_id = 1 ORDER BY flower_id")), '1 1 0',
    'they have been updated');
ok_void(modify(1, '[{"flowerId":1,"stock":100},{"flowerId":2,"stock":0}]'),
    'once more');
is(levels(), '100 0 30', 'makes no difference');
ok_void(modify(1, '[]'), 'an empty list');
is(levels(), '100 0 30', 'changes nothing');
ok_void(modify(1, '[{"flowerId":3,"stock":1},{"flowerId":1,"stock":7},'
    . '{"flowerId":3,"stock":9},{"flowerId":3,"stock":2}]'), 'a flower three times');
is(levels(), '7 0 2', 'the last one wins');
ok_void(modify(1, '[{"flowerId":2,"stock":9223372036854775807},'
    . '{"flowerId":"1","stock":" 12 ","x":null},{"stock":3.9,"flowerId":3}]'),
    'all the forms of a number');
is(levels(), '12 9223372036854775807 3', 'stored');
ok_void($t->put('/stores/1/flowers/stocks/', user => 101,
    body => '{"x":[1],"stockModifyDtos":[{"flowerId":2,"stock":4}]}'),
    'what is unknown is ignored');
is(levels(), '12 4 3', 'stored');
is($t->db()->value('SELECT count(*) FROM outbox'), 0, 'low levels are not told');

my ($store, $flower) = (3214567890, 9223372036854775807);

$t->add_store(id => $store);
$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id) VALUES (?, ?)',
    $store, $flower);
ok_void(modify($store, qq([{"flowerId":$flower,"stock":5}])), 'large ids');
is(levels($store), 5, 'stored');


# failures, in order

my $before = all();

is_invalid($t->put('/stores/1/flowers/stocks', body => '{"stockModifyDtos":[]}'),
    'userId header is required', 'no userId');
is_invalid(modify('x', '[]', 1), 'storeId is not a 64-bit integer', 'no number');

for my $case ([ 'null', 'stockModifyDtos cannot be null' ],
    [ '{}', 'stockModifyDtos is not a list' ],
    [ '5', 'stockModifyDtos is not a list' ],
    [ '{"flowerId":1,"stock":1}', 'stockModifyDtos is not a list' ],
    [ '[null]', 'stockModifyDtos is not a list of objects' ],
    [ '[[]]', 'stockModifyDtos is not a list of objects' ],
    [ '[{"flowerId":null,"stock":1}]', 'flowerId cannot be null' ],
    [ '[{"stock":1}]', 'flowerId cannot be null' ],
    [ '[{"flowerId":1,"stock":null}]', 'stock cannot be null' ],
    [ '[{"flowerId":1}]', 'stock cannot be null' ],
    [ '[{"flowerId":1,"stock":""}]', 'stock cannot be null' ],
    [ '[{"flowerId":1,"stock":1},{"flowerId":2}]', 'stock cannot be null' ],
    [ '[{"flowerId":1,"stock":true}]', 'stock is not an integer' ],
    [ '[{"flowerId":1,"stock":"3.7"}]', 'stock is not an integer' ],
    [ '[{"flowerId":1,"stock":"9223372036854775808"}]', 'stock is not an integer' ],
    [ '[{"flowerId":1,"stock":9.3e18}]', 'stock is out of range' ],
    [ '[{"flowerId":[],"stock":1}]', 'flowerId is not an integer' ])
{
    is_invalid(modify(99, $case->[0]), $case->[1], "bad input: $case->[0]");
}

is_invalid($t->put('/stores/1/flowers/stocks', user => 101, body => $_->[0]), $_->[1],
    "bad body: $_->[0]")
    for [ '[{"flowerId":1,"stock":1}]', 'the body is not a JSON object' ],
    [ '{}', 'stockModifyDtos cannot be null' ], [ 'null', 'the body is null' ],
    [ '1', 'the body is not a JSON object' ], [ '', 'the body is missing' ];

is_fail(modify(99, '[{"flowerId":1,"stock":-1}]', 101), $NOT_OWNER,
    'no such store, before a bad level');
is_fail(modify(3, '[]'), $NOT_OWNER, 'a deleted store');
is_fail(modify(2, '[{"flowerId":1,"stock":-1}]', 101), $NOT_OWNER,
    'the manager of another store');
is_fail(modify(1, '[{"flowerId":9,"stock":1},{"flowerId":1,"stock":-1}]'),
    $NEGATIVE, 'a negative level, before an unknown flower');
is_fail(modify(1, '[{"flowerId":1,"stock":-1},{"flowerId":1,"stock":1}]'),
    $NEGATIVE, 'a negative level, although not the last one');
is_fail(modify(1, '[{"flowerId":1,"stock":50},{"flowerId":9,"stock":1}]'),
    $NOT_FOUND, 'an unknown flower');
is(all(), $before, 'nothing was written');


# a subtraction that runs at the same time comes wholly before or after

my $other = $t->db()->connect();
my $client = $t->new_client();

$other->begin_work();
$other->do(q{SELECT change_stock('[{"storeId":1,"stockDtos":
    [{"flowerId":1,"stock":2},{"flowerId":3,"stock":3}]}]', -1, NULL)});
$client->write(BB::Client::request_bytes('PUT', '/stores/1/flowers/stocks',
    user => 101, body => '{"stockModifyDtos":[{"flowerId":3,"stock":50},'
        . '{"flowerId":1,"stock":60}]}'));
ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'") }), 'it waits for a subtraction');
$other->commit();
ok_void($client->answer(), 'and comes after it');
is(levels(), '60 4 50', 'wholly');

$t->done();
