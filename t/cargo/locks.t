# Changes of stock lock their rows in the order of the key, store and flower, in
# whatever order a request names them and the table has them; so they wait for each
# other and cannot deadlock.  Where others break that order, or another isolation
# level is set: FAIL, and nothing is applied.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

# without an index the rows come as the table has them, unless they are sorted
my $t = BB::Test->new(domains => 'cargo', stores => [ map { { id => $_ } } 1 .. 3 ],
    postgres_args => 'timeout=9s', postgres_conf => { log_lock_waits => 'on',
        deadlock_timeout => '2s', enable_indexscan => 'off',
        enable_indexonlyscan => 'off', enable_bitmapscan => 'off' })->run();

my $FAILED = '재고차감 변경에 실패했습니다.';

# the table has them in the opposite order
$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
    SELECT s, f, 100 FROM generate_series(3, 1, -1) s, generate_series(3, 1, -1) f');

my @keys = map { my $store = $_; map { [ $store, $_ ] } 1 .. 3 } 1 .. 3;

# Rows of stores 1 and 3, mixed up, one of them twice.
my $changes = join(',', map { qq({"storeId":$_->[0],"stockDtos":[)
    . join(',', map { qq({"flowerId":$_,"stock":1}) } $_->[1]->@*) . '],"userId":7}' }
    [ 3, [ 2, 3 ] ], [ 1, [ 3, 1 ] ], [ 3, [ 1, 2 ] ], [ 1, [ 2 ] ]);
my $levels = join(',', map { qq({"flowerId":$_,"stock":100}) } 3, 1, 2, 3);

# name: listener, request, rows in the order in which they are to be locked
my %requests = (
    G1 => [ 'public', [ 'PUT', '/stores/1/flowers/stocks', user => 101,
        body => qq({"stockModifyDtos":[$levels]}) ], [ grep { $_->[0] == 1 } @keys ] ],
    map { $_->[0] => [ 'internal', [ 'PUT', "/client/stores/flowers/stocks/$_->[1]",
        body => "[$changes]" ], [ grep { $_->[0] != 2 } @keys ] ] }
        [ GI1 => 'add' ], [ GI2 => 'subtract' ],
);

# Keeps others from changing that row until the handle is rolled back.
sub hold($store, $flower) {
    my $handle = $t->db()->connect();

    $handle->begin_work();
    take($handle, $store, $flower);
    return $handle;
}

sub take($handle, $store, $flower) {
    $handle->do('SELECT FROM flower_cargo WHERE store_id = ? AND flower_id = ?
        FOR UPDATE', undef, $store, $flower);
}

# A request that waits for a lock.
sub begin($name) {
    my ($server, $request) = $requests{$name}->@*;
    my $client = $t->new_client($server);

    $client->write(BB::Client::request_bytes(@$request));
    await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") }) or die "$name does not wait\n";
    return $client;
}

# The rows that somebody has locked.
sub locked() {
    my %free = map { ("$_->[0]/$_->[1]" => 1) } $t->db()->rows('SELECT store_id,
        flower_id FROM flower_cargo FOR UPDATE SKIP LOCKED');

    return join(' ', grep { not $free{$_} } map { "$_->[0]/$_->[1]" } @keys);
}

sub levels() {
    return join(' ', $t->db()->column('SELECT stock FROM flower_cargo
        ORDER BY store_id, flower_id'));
}

sub succeeds($name, $answer, $what) {
    $name eq 'G1' ? ok_void($answer, $what) : is_data($answer, 'null', $what);
}


# one row after the other

for my $name (sort keys %requests) {
    my @rows = $requests{$name}[2]->@*;

    for my $i (0 .. $#rows) {
        my $key = join('/', $rows[$i]->@*);
        my $holder = hold($rows[$i]->@*);
        my $client = begin($name);

        is(locked(), join(' ', map { join('/', @$_) } @rows[ 0 .. $i ]),
            "$name waits for $key: it has those before and none behind");
        $holder->rollback();
        succeeds($name, $client->answer(), 'then it goes on');
    }
}

is(levels(), join(' ', (100) x 9), 'every one was applied');


# others lock in another order: who finds the deadlock gives up, which is the request

sub deadlocks() {
    open(my $log, '<', $t->dir() . '/postgres/log') or die "postgres log: $!\n";
    return scalar grep { /detected deadlock/ } <$log>;
}

for my $name (sort keys %requests) {
    my $before = deadlocks();
    my $holder = hold(1, 2);

    $holder->do("SET LOCAL deadlock_timeout = '1min'");

    my $client = begin($name);

    take($holder, 1, 1);
    is_fail($client->answer(), $FAILED, "$name: a deadlock");
    is(deadlocks(), $before + 1, 'was found');
    $holder->rollback();
}


# and a stricter isolation level: others were quicker

$t->db()->do("ALTER DATABASE store
    SET default_transaction_isolation = 'repeatable read'");
my @old = $t->nginx()->reload();
$t->nginx()->gone(@old);
$t->client($_)->close() for qw(public internal);
connected($t) or die "no connections\n";

for my $name (sort keys %requests) {
    my $holder = hold(1, 2);
    my $client = begin($name);

    $holder->do('UPDATE flower_cargo SET stock = stock
        WHERE store_id = 1 AND flower_id = 2');
    $holder->commit();
    is_fail($client->answer(), $FAILED, "$name: somebody has changed a row");
}

is(levels(), join(' ', (100) x 9), 'nothing was applied');
is($t->db()->value('SELECT count(*) FROM outbox'), 2,
    'each failed subtraction is told');

for my $name (sort keys %requests) {
    my ($server, $request) = $requests{$name}->@*;

    succeeds($name, $t->request(@$request, server => $server), "$name alone succeeds");
}

$t->done();
