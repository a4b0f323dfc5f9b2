# A change of stock that cannot be made in time: FAIL when it is certain that
# nothing was applied, 503 when it is not.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await scaled);
use BB::Test;

my $t = BB::Test->new(domains => 'cargo', stores => [ { id => 1 } ],
    postgres_args => 'lock_timeout=1s')->run();

my $FAILED = '재고차감 변경에 실패했습니다.';

$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
    SELECT 1, f, 100 FROM generate_series(1, 3) f');

# Each of the three: sets, adds or subtracts that for two flowers.
sub requests($level, $amount) {
    my $rows = sub($n) { join(',', map { qq({"flowerId":$_,"stock":$n}) } 1, 2) };

    return (
        G1 => [ '/stores/1/flowers/stocks', user => 101,
            body => qq({"stockModifyDtos":[@{[ $rows->($level) ]}]}) ],
        map { $_->[0] => [ "/client/stores/flowers/stocks/$_->[1]",
            body => qq([{"storeId":1,"stockDtos":[@{[ $rows->($amount) ]}],)
                . '"userId":7}]' ] }
            [ GI1 => 'add' ], [ GI2 => 'subtract' ],
    );
}

my %requests = requests(5, 60);
my %idle = requests(100, 0);

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


# how long a lock is waited for, besides the time of a statement

$t->db()->do(q{CREATE TABLE seen (times text)});
$t->db()->do(q{
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO seen VALUES (current_setting('lock_timeout') || ' '
            || current_setting('statement_timeout'));
        RETURN NULL;
    END $$});
$t->db()->do('CREATE TRIGGER see AFTER UPDATE ON flower_cargo EXECUTE FUNCTION see()');

# New workers with that time for a statement.
sub take_time($args) {
    $t->nginx()->reconfigure(postgres_args => $args);
    $t->client($_)->close() for qw(public internal);
    connected($t) or die "no connections\n";
}

for my $case ([ '', 5000, 8000 ], [ 'timeout=900ms', 5000, 5900 ],
    [ 'lock_timeout=700ms timeout=2s', 700, 2700 ])
{
    my ($args, @ms) = @$case;

    take_time($args);
    my $expected = join(' ', map { $t->db()->value(
        "SELECT set_config('lock_timeout', ?, false)", scaled($_)) } @ms);

    for my $id (sort keys %requests) {
        is($t->put($idle{$id}->@*)->status(), 200, "$id with '$args'");
        is(join(' ', $t->db()->column('DELETE FROM seen RETURNING times')),
            $expected, 'waits for a lock, and in all');
    }
}

$t->db()->do('RESET lock_timeout');
$t->db()->do('DROP TRIGGER see ON flower_cargo');
is(written(), '100 100 100 0', 'nothing was changed by it');

# a message that takes its time to be written: there is enough left
take_time('lock_timeout=300ms timeout=2s');
$t->db()->do(q{
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_sleep(TG_ARGV[0]::float8);
        RETURN NEW;
    END $$});
$t->db()->do('CREATE TRIGGER slow BEFORE INSERT ON outbox FOR EACH ROW
    EXECUTE FUNCTION slow(' . scaled(0.25) . ')');
$holder = hold(2);

for my $id (sort keys %requests) {
    is_fail($t->put($requests{$id}->@*), $FAILED, "$id: there is time to answer");
}

$holder->rollback();
$t->db()->do('DROP TRIGGER slow ON outbox');
is(refusals(), '7', 'only of the subtraction somebody is told');
$t->db()->do('DELETE FROM outbox');


# the statement's own time is over

take_time('timeout=500ms lock_timeout=100ms');
$t->db()->do('CREATE TRIGGER slow BEFORE UPDATE ON flower_cargo FOR EACH ROW
    EXECUTE FUNCTION slow(' . scaled(9) . ')');

for my $id (sort keys %requests) {
    is_fail($t->put($requests{$id}->@*), $FAILED, "$id: the statement ends");
}

$t->db()->do('DROP TRIGGER slow ON flower_cargo');
is(refusals(), '7', 'of the subtraction somebody is told');
is(written(), '100 100 100 1', 'and nothing was applied');


# the next one goes well

is_data($t->put($requests{GI2}->@*), 'null', 'no lock');
is(written(), '40 40 100 2', 'subtracted');

$t->done();
