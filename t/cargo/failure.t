# A change of stock that cannot be made in time: FAIL when it is certain that
# nothing was applied, 503 when it is not.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(domains => 'cargo', stores => [ { id => 1 } ])->run();

my $FAILED = '재고차감 변경에 실패했습니다.';

$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
    SELECT 1, f, 100 FROM generate_series(1, 3) f');

my %requests = (
    G1 => [ '/stores/1/flowers/stocks', user => 101, body => '{"stockModifyDtos":'
        . '[{"flowerId":1,"stock":5},{"flowerId":2,"stock":5}]}' ],
    map { $_->[0] => [ "/client/stores/flowers/stocks/$_->[1]",
        body => '[{"storeId":1,"stockDtos":[{"flowerId":1,"stock":60},'
            . '{"flowerId":2,"stock":60}],"userId":7}]' ] }
        [ GI1 => 'add' ], [ GI2 => 'subtract' ],
);

# Keeps others from changing that flower until the handle is rolled back.
sub hold($flower) {
    my $handle = $t->db()->connect();

    $handle->begin_work();
    $handle->do('SELECT FROM flower_cargo WHERE flower_id = ? FOR UPDATE', undef,
        $flower);

    return $handle;
}

sub waiting() {
    return await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") });
}

sub written() {
    return join(' ', $t->db()->column('SELECT stock FROM flower_cargo
        ORDER BY flower_id'), $t->db()->value('SELECT count(*) FROM outbox'));
}

sub refusals() {
    return join(' ', $t->db()->column("SELECT payload->'whoToNotify'->>'userId'
        FROM outbox WHERE channel = 'new-order-status-queue'"));
}


# the lock is not obtained

my $holder = hold(2);

for my $id (sort keys %requests) {
    is_fail($t->put($requests{$id}->@*), $FAILED, "$id: not in time");
}

is(refusals(), '7', 'only of the subtraction somebody is told');
$t->db()->do('DELETE FROM outbox');
is(written(), '100 100 100 0', 'nothing was applied');
$holder->rollback();


# the connection is lost

for my $id (sort keys %requests) {
    my $client = $t->new_client($id eq 'G1' ? 'public' : 'internal');

    ok(await(10, sub {
        $t->get('/stores/1/flowers/stocks', user => 101)->status() == 200;
    }), "$id: there is a connection");
    $holder = hold(2);
    $client->write(BB::Client::request_bytes('PUT', $requests{$id}->@*));
    ok(waiting(), "$id: waits");
    $t->db()->drop_clients();
    is_unavailable($client->answer(), "$id: the connection is lost");
    $holder->rollback();
}

ok(await(10, sub { not $t->db()->value("SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'") }), 'nobody waits any more');
is(written(), '100 100 100 0', 'nothing was applied, and nobody told');


# the statement's own time is over

$t->nginx()->configure(postgres_args => 'timeout=500ms');
my @old = $t->nginx()->reload();
$t->nginx()->gone(@old);
$t->client($_)->close() for qw(public internal);
connected($t) or die "no connections\n";
$holder = hold(1);

for my $id (sort keys %requests) {
    is_fail($t->put($requests{$id}->@*), $FAILED, "$id: the statement ends");
}

$holder->rollback();
is(refusals(), '7', 'of the subtraction somebody is told');
is(written(), '100 100 100 1', 'and nothing was applied');


# the next one goes well

is_data($t->put($requests{GI2}->@*), 'null', 'no lock');
is(written(), '40 40 100 2', 'subtracted');

$t->done();
