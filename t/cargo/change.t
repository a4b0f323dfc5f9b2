# Another service adds and subtracts stock: PUT /client/stores/flowers/stocks/add
# and subtract.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(domains => 'cargo', stores => [ { id => 1 }, { id => 2 },
    { id => 3, deleted => 1 } ])->run();

my $NOT_FOUND = '해당 가게는 해당 꽃 재고를 등록하지 않았습니다';
my $NEGATIVE = '재고는 음수가 될 수 없습니다.';
my $FAILED = '재고차감 변경에 실패했습니다.';
my $UUID = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

$t->db()->do("INSERT INTO flower_cargo (store_id, flower_id, stock, updated_at)
    SELECT s, f, 100, '2024-01-01' FROM generate_series(1, 3) s,
        generate_series(1, 2) f");

sub change($verb, $body) {
    return $t->put("/client/stores/flowers/stocks/$verb",
        body => ref $body ? '[' . join(',', @$body) . ']' : $body);
}

# One element of a request: store, then pairs of flower and amount.
sub element($store, @pairs) {
    my @dtos;

    while (my ($flower, $amount) = splice(@pairs, 0, 2)) {
        push @dtos, qq({"flowerId":$flower,"stock":$amount});
    }

    return qq({"storeId":$store,"stockDtos":[) . join(',', @dtos)
        . '],"phoneNumber":"01012345678","userId":3214567890}';
}

# All levels, by store and flower.
sub levels() {
    return join(' ', $t->db()->column('SELECT stock FROM flower_cargo
        ORDER BY store_id, flower_id'));
}

# The messages since the last call, each as one text, their ids as a U.
sub messages() {
    my @rows = map { "$_->[0] $_->[1]" } $t->db()->rows('SELECT channel, payload
        FROM outbox ORDER BY id');

    $t->db()->do('DELETE FROM outbox');
    return [ map { s/"eventId":"$UUID"/"eventId":"U"/r } @rows ];
}

my $REST = '"notificationKind":"OUT_OF_STOCK","notificationUrl":"","content":null,'
    . '"role":null,"eventId":"U"}}';

sub low($store) {
    return qq(out-of-stock-notification-queue {"whoToNotify":{"storeId":$store},)
        . qq("publishInformation":{$REST);
}

sub refused($user = '3214567890', $phone = '"01012345678"') {
    return qq(new-order-status-queue {"whoToNotify":{"userId":$user,)
        . qq("phoneNumber":$phone},"publishInformation":{$REST);
}


# success

is_data(change('subtract', [ element(1, 1, 3, 2, 1) ]), 'null', 'subtracted');
is(levels(), '97 99 100 100 100 100', 'from these two');
is(join(' ', $t->db()->column("SELECT updated_at > now() - interval '1 hour'
    FROM flower_cargo ORDER BY store_id, flower_id")), '1 1 0 0 0 0',
    'they have been updated');
is_data(change('add', [ element(1, 1, 3, 2, 1) ]), 'null', 'added');
is(levels(), '100 100 100 100 100 100', 'to the same');
is_data(change('subtract', [ element(2, 2, 1), element(1, 2, 2), element(2, 1, 3) ]),
    'null', 'several stores, one of them twice');
is(levels(), '100 98 97 99 100 100', 'subtracted');
is_data(change('subtract', [ element(1, 1, -10), element(3, 1, 5) ]), 'null',
    'a negative amount, a deleted store');
is(levels(), '110 98 97 99 95 100', 'only the result counts');
is_data(change('add', [ element(1, 1, -10), element(3, 1, 5) ]), 'null',
    'the reverse');
is(levels(), '100 98 97 99 100 100', 'added');
is_data(change($_, '[]'), 'null', "$_: an empty list") for qw(add subtract);
is_data(change($_, [ element(1), element(9) ]), 'null', "$_: no flower")
    for qw(add subtract);
is(levels(), '100 98 97 99 100 100', 'nothing changed');
is_data(change('subtract', '[{"storeId":"2","stockDtos":[{"flowerId":"2",'
    . '"stock":1.9,"x":{}}],"y":[]}]'), 'null', 'lenient, without a user');
is(levels(), '100 98 97 98 100 100', 'subtracted');

my ($store, $flower) = (3214567890, 9223372036854775807);

$t->add_store(id => $store);
$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock) VALUES (?, ?, 60)',
    $store, $flower);
is_data(change('subtract', [ element($store, $flower, 20) ]), 'null', 'large ids');
is($t->db()->value('DELETE FROM flower_cargo WHERE store_id = ? RETURNING stock',
    $store), 40, 'subtracted');
is_deeply(messages(), [ low($store) ], 'and told');


# one row several times: only the sum counts

is_data(change('subtract', [ element(1, 1, 60, 1, 40) ]), 'null',
    'the same flower twice');
is(levels(), '0 98 97 98 100 100', 'both amounts');
is_deeply(messages(), [ low(1) ], 'no stock left');
is_data(change('subtract', [ element(1, 1, 50), element(2, 1, 0),
    element(1, 1, -150) ]), 'null', 'below zero, and up again');
is(levels(), '100 98 97 98 100 100', 'the sum');
is_deeply(messages(), [], 'enough stock');
is_fail(change('subtract', [ element(1, 1, 60), element(1, 1, 41) ]), $NEGATIVE,
    'too much in two elements');
is_deeply(messages(), [ refused() ], 'and its message');


# low levels: one message a store

is_data(change('subtract', [ element(2, 1, 47, 2, 48), element(1, 1, 51, 2, 49),
    element(3, 1, 100) ]), 'null', 'low');
is(levels(), '49 49 50 50 0 100', 'these levels');
is_deeply(messages(), [ low(1), low(3) ], 'one message a store, below 50 only');
is_data(change('add', [ element(1, 1, 0) ]), 'null', 'touched');
is_deeply(messages(), [ low(1) ], 'is touched, also by adding');
is_data(change('add', [ element(1, 1, 1), element(3, 2, 1) ]), 'null', 'at 50');
is_deeply(messages(), [], 'other flowers of the store do not count');
my @ids;
for (1, 2) {
    change('add', [ element(1, 2, 0), element(3, 1, 0) ]);
    push @ids, $t->db()->column("SELECT payload->'publishInformation'->>'eventId'
        FROM outbox");
    messages();
}
is(scalar keys %{{ map { $_ => 1 } @ids }}, 4, 'every message has its own id');


# failures, in order

my $before = levels();

is_fail(change('subtract', [ element(1, 1, 1000), element(9, 1, 1) ]), $NOT_FOUND,
    'no such store, before too little stock');
is_deeply(messages(), [ refused() ], 'its message');
is_fail(change('add', [ element(1, 1, -1000, 9, 1) ]), $NOT_FOUND,
    'no such flower');
is_fail(change('add', [ element(1, 1, -1000) ]), $NEGATIVE, 'too little stock');
is_deeply(messages(), [], 'adding tells nobody');
is_fail(change('subtract', [ element(2, 2, 1), element(1, 1, 51) ]), $NEGATIVE,
    'too little stock in one of two');
is_deeply(messages(), [ refused() ], 'its message');
is_fail(change('subtract', '[{"storeId":1,"stockDtos":[],"userId":5,'
    . '"phoneNumber":"\""},' . element(9, 1, 1) . ']'), $NOT_FOUND,
    'in the second element');
is_deeply(messages(), [ refused(5, '"\""') ], 'the user of the first one is told');
is_fail(change('subtract', '[{"storeId":9,"stockDtos":[{"flowerId":1,"stock":1}]}]'),
    $NOT_FOUND, 'no user');
is_deeply(messages(), [ refused('null', 'null') ], 'the message says so');
is_fail(change('add', [ element(1, 1, 9223372036854775807) ]), $FAILED,
    'more than a level can be');
is_fail(change('subtract', [ element(1, 1, -9223372036854775808),
    element(1, 1, -9223372036854775808) ]), $FAILED, 'far more');
is_deeply(messages(), [ refused() ], 'told only of the subtraction');

for my $verb (qw(add subtract)) {
    for my $case ([ 'null', 'the body is null' ], [ '', 'the body is missing' ],
        [ element(1, 1, 1), 'the body is not a JSON array' ],
        [ '5', 'the body is not a JSON array' ],
        [ '"[]"', 'the body is not a JSON array' ],
        [ '[', 'the body is not valid JSON' ],
        [ '[] []', 'the body is not valid JSON' ],
        [ '[null]', 'changes is not a list of objects' ],
        [ '[[]]', 'changes is not a list of objects' ],
        [ '[{"stockDtos":[]}]', 'storeId cannot be null' ],
        [ '[{"storeId":1}]', 'stockDtos cannot be null' ],
        [ '[{"storeId":1,"stockDtos":null}]', 'stockDtos cannot be null' ],
        [ '[{"storeId":1,"stockDtos":{}}]', 'stockDtos is not a list' ],
        [ '[{"storeId":1,"stockDtos":[null]}]', 'stockDtos is not a list of objects' ],
        [ '[{"storeId":1,"stockDtos":[{"stock":1}]}]', 'flowerId cannot be null' ],
        [ '[{"storeId":1,"stockDtos":[{"flowerId":1}]}]', 'stock cannot be null' ],
        [ '[' . element(1, 1, 1) . ',{"storeId":1}]', 'stockDtos cannot be null' ],
        [ '[' . element(1, 1, '"x"') . ']', 'stock is not an integer' ],
        [ '[' . element(1, 1, 9.3e18) . ']', 'stock is out of range' ],
        [ '[' . element(1, -9.3e18, 1) . ']', 'flowerId is out of range' ],
        [ '[' . element('true', 1, 1) . ']', 'storeId is not an integer' ],
        [ '[{"storeId":1,"stockDtos":[],"userId":"x"}]', 'userId is not an integer' ],
        [ '[{"storeId":1,"stockDtos":[],"phoneNumber":[]}]',
            'phoneNumber is not a text' ],
        [ '[{"storeId":1,"stockDtos":[],"phoneNumber":"' . '1' x 256 . '"}]',
            'phoneNumber is too long' ])
    {
        is_invalid(change($verb, $case->[0]), $case->[1], "$verb $case->[0]");
    }
}

is(levels(), $before, 'nothing was written');
is_deeply(messages(), [], 'and nobody told');


# 500 rows at once

$t->db()->do('INSERT INTO store (id, store_manager_id, store_code, store_name,
        detail_info, store_thumbnail_image, phone_number, account_number, bank)
    SELECT n, n, n, n, 0, 0, 0, 0, 0 FROM generate_series(11, 15) n');
$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
    SELECT s, f, 60 FROM generate_series(11, 15) s, generate_series(1, 100) f');

my @many = map { my $store = $_; element($store, map { ($_, $_ % 20) } 1 .. 100) }
    reverse 11 .. 15;

is_data(change('subtract', \@many), 'null', '500 rows');
is($t->db()->value('SELECT count(*) FROM flower_cargo
    WHERE store_id > 10 AND stock = 60 - flower_id % 20'), 500, 'all of them');
is_deeply(messages(), [ map { low($_) } 11 .. 15 ], 'a message for each store');
is_fail(change('subtract', [ @many, element(15, 100, 61) ]), $NEGATIVE,
    'the last one fails');
is($t->db()->value('SELECT count(*) FROM flower_cargo
    WHERE store_id > 10 AND stock = 60 - flower_id % 20'), 500, 'and none is changed');

$t->done();
