# A change of stock with an Idempotency-Key is made once, however often it comes.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(domains => 'cargo', workers => 2,
    postgres_args => 'timeout=1s', stores => [ { id => 1 } ])->run();

my $NEGATIVE = '재고는 음수가 될 수 없습니다.';
my $NOT_FOUND = '해당 가게는 해당 꽃 재고를 등록하지 않았습니다';
my $FAILED = '재고차감 변경에 실패했습니다.';
my $OTHER = 'Idempotency-Key belongs to another request';

my $TWO = '[' . join(',',
    ('{"storeId":1,"stockDtos":[{"flowerId":1,"stock":0}]}') x 2) . ']';

$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
    VALUES (1, 1, 100)');

sub body($amount, $flower = 1, %o) {
    return { storeId => 1, userId => 7, stockDtos => [
        { flowerId => $flower, stock => $amount } ], %o };
}

sub request($verb, $key, $body) {
    return ('PUT', "/client/stores/flowers/stocks/$verb",
        headers => [ map { ('Idempotency-Key' => $_) } ref $key ? @$key : $key ],
        body => ref $body ? [ $body ] : $body);
}

sub change(@request) { return $t->request(request(@request)) }

sub stock() { return $t->db()->value('SELECT stock FROM flower_cargo') }

sub told() { return $t->db()->value('SELECT count(*) FROM outbox') }


# the same request

is_data(change('subtract', 'a', body(1)), 'null', 'the first time');
is_data(change('subtract', 'a', body(1)), 'null', 'once more') for 1 .. 3;
is(stock(), 99, 'subtracted once');
is_data(change('subtract', 'a', '[ {"stockDtos":[{"x":1,"stock":"1","flowerId":1.0}],'
    . '"userId":7, "storeId":1 } ]'), 'null', 'written in another way');
is(stock(), 99, 'it is the same request');
is_data(change('add', 'b', body(1)), 'null', 'added');
is_data(change('add', 'b', body(1)), 'null', 'once more');
is(stock(), 100, 'added once');
is_data(change('subtract', $_, body(1)), 'null', "key $_")
    for 'A', ' a b ', '열쇠', 'k' x 255;
is(stock(), 96, 'every key is another one');
is_data(change('subtract', '', body(1)), 'null', 'an empty key') for 1, 2;
is(stock(), 94, 'is none');
is(told(), 0, 'nobody is told');


# the same failure, told once

is_fail(change('subtract', 'f', body(95)), $NEGATIVE, 'too much');
is_data(change('add', 'more', body(10)), 'null', 'there is more now');
is_fail(change('subtract', 'f', body(95)), $NEGATIVE, 'the first answer stays');
is_fail(change('add', 'g', body(1, 2)), $NOT_FOUND, 'another failure') for 1, 2;
is(stock(), 104, 'nothing was subtracted');
is(told(), 1, 'and once somebody was told');

my $other = $t->db()->connect();
$other->begin_work();
$other->do('SELECT FROM flower_cargo FOR UPDATE');
is_fail(change($_, "late $_", body(1)), $FAILED, "$_: not in time")
    for qw(subtract add);
$other->rollback();
is_fail(change($_, "late $_", body(1)), $FAILED, "$_: the caller has gone by that")
    for qw(subtract add);
is_data(change('subtract', 'late', body(1)), 'null', 'another request');
is_data(change('add', 'later', body(1)), 'null', 'and its reverse');
is(stock(), 104, 'nothing else was done');
is(told(), 2, 'and once somebody was told');


# another request

is_invalid(change('subtract', 'a', body(2)), $OTHER, 'another amount');
is_invalid(change('subtract', 'a', body(1, 1, userId => 8)), $OTHER, 'another user');
is_invalid(change('add', 'a', body(1)), $OTHER, 'the other endpoint');
is_invalid(change('subtract', 'f', body(1)), $OTHER, 'the key of a failure');
is_data(change('add', 'two', $TWO), 'null', 'two elements');
is_invalid(change('add', 'two', $TWO =~ s/0(?=\}\]\}\]\z)/1/r), $OTHER,
    'another second one');
is_data(change('add', 'two', $TWO), 'null', 'the same two');
is_invalid(change('subtract', [ 'x', 'y' ], body(1)),
    'more than one Idempotency-Key header', 'two keys');
is_invalid(change('subtract', 'k' x 256, body(1)), 'Idempotency-Key is too long',
    'too long');
is_invalid(change('subtract', "\xff", body(1)), 'Idempotency-Key is not UTF-8 text',
    'not UTF-8');
is_invalid(change('subtract', 'new', { storeId => 1 }), 'stockDtos cannot be null',
    'bad input');
is_data(change('subtract', 'new', body(4)), 'null', 'does not use up the key');
is(stock(), 100, 'nothing else was subtracted');
is(told(), 2, 'and nobody told');


# two at once

my $client = $t->new_client('internal');
my $changes = '[{"storeId":1,"stockDtos":[{"flowerId":1,"stock":5}],'
    . '"phoneNumber":null,"userId":null}]';
my @same = request('subtract', 'c', $changes);

sub begin_same() {
    $other->begin_work();
    $other->do("SELECT change_stock(?, -1, 'c')", undef, $changes);
}

begin_same();
$client->write(BB::Client::request_bytes(@same));
ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'") }), 'the second one waits');
$other->rollback();
is_data($client->answer(), 'null', 'the first one failed');
is(stock(), 95, 'the second one counts');
$t->db()->do('DELETE FROM idempotency');

begin_same();
$client->write(BB::Client::request_bytes(@same));
ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'") }), 'the second one waits');
$other->commit();
is_data($client->answer(), 'null', 'the first one succeeded');
is(stock(), 90, 'and counts');
$t->db()->do('DELETE FROM idempotency');

begin_same();
is_unavailable($t->request(@same), 'the first one takes too long');
$other->rollback();
is(stock(), 90, 'nothing was subtracted');

my %count;
$count{$_->body()}++ for BB::Client::burst($t->nginx()->port('internal'),
    connections => 40, requests => [ map { [ @same ] } 1 .. 200 ]);
is_deeply([ values %count ], [ 200 ], '200 at once have one answer');
is(stock(), 85, 'one of them counts');


# keys stay for a day, and not for ever

$t->db()->do("INSERT INTO idempotency (key, request_hash, created_at)
    SELECT 'old' || n, ''::bytea, now() - interval '25 hours'
    FROM generate_series(1, 5) n
    UNION ALL SELECT 'young', '', now() - interval '23 hours'");

sub olds() {
    return join(' ', $t->db()->column("SELECT key FROM idempotency
        WHERE key ~ '^(old|young)' ORDER BY key"));
}

$other->begin_work();
$other->do("SELECT FROM idempotency WHERE key IN ('old1', 'old2', 'old3') FOR UPDATE");
is_data(change('add', 'new1', body(0)), 'null', 'somebody has old ones in hand');
is(olds(), 'old1 old2 old3 young', 'two others are removed');
$other->rollback();
change('add', 'new2', body(0));
is(olds() =~ s/old\d/old/gr, 'old young', 'two by each new key');
change('add', 'new3', body(0));
is(olds(), 'young', 'and none that is younger');
is_data(change('subtract', 'old1', body(1)), 'null', 'an old one can be used again');
is(stock(), 84, 'for another request');
is_invalid(change('subtract', 'young', body(1)), $OTHER, 'a younger one not');

$t->done();
