# The answer of PostgreSQL is lost with its connection, after or during the commit:
# 503, as nobody knows; who repeats the request with its Idempotency-Key has it done
# once, and the notice of a refusal is not written twice.  A change and its message
# are written together.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Proxy;
use BB::Test;

my $t = BB::Test->new(nginx => 0, domains => 'cargo', stores => [ { id => 1 } ])->run();
my $proxy = BB::Proxy->new(target => $t->db()->port());
my $port = $proxy->port();

my $NEGATIVE = '재고는 음수가 될 수 없습니다.';

$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
    VALUES (1, 1, 100)');
$t->nginx()->{conninfo} = $t->db()->conninfo() =~ s/\bport=\d+/port=$port/r;
$t->nginx()->start();

sub change($verb, $amount, $key = undef) {
    return ('PUT', "/client/stores/flowers/stocks/$verb",
        body => qq([{"storeId":1,"stockDtos":[{"flowerId":1,"stock":$amount}],)
            . '"userId":7}]',
        defined $key ? (headers => [ 'Idempotency-Key' => $key ]) : ());
}

sub set($level) {
    return ('PUT', '/stores/1/flowers/stocks', user => 101,
        body => qq({"stockModifyDtos":[{"flowerId":1,"stock":$level}]}));
}

sub stock() { return $t->db()->value('SELECT stock FROM flower_cargo') }

sub told() {
    return $t->db()->value("SELECT count(*) FROM outbox
        WHERE channel = 'new-order-status-queue'");
}

# The request is done, and its answer lost.
sub lose(@request) {
    connected($t) or die "no connections\n";
    $t->request(@$_)
        for [ change('add', 0) ], [ change('subtract', 0) ], [ set(stock()) ];
    $proxy->cut(1);

    my $answer = $t->request(@request);

    # what has been ended is not cut again
    connected($t) or die "no connections\n";
    $proxy->cut(0);
    return $answer;
}


# after the commit

is_unavailable(lose(change('subtract', 1)), 'subtracted, without a key');
is(stock(), 99, 'it is done');
is_unavailable(lose(change('subtract', 1, 'a')), 'with a key');
is(stock(), 98, 'it is done');
is_data($t->request(change('subtract', 1, 'a')), 'null', 'the same again');
is(stock(), 98, 'done once');
is_unavailable(lose(change('add', 2, 'b')), 'added');
is_data($t->request(change('add', 2, 'b')), 'null', 'the same again');
is(stock(), 100, 'done once');
is(told(), 0, 'nobody is told of an unknown outcome');

is_unavailable(lose(change('subtract', 101, 'c')), 'too much');
is(told(), 1, 'the refusal is known to who is told');
is_fail($t->request(change('subtract', 101, 'c')), $NEGATIVE, 'the same again');
is(told(), 1, 'told once');

is_unavailable(lose(set(50)), 'set');
is(stock(), 50, 'it is done');
ok_void($t->request(set(50)), 'the same again');
is(stock(), 50, 'makes no difference');


# during the commit, which then does not happen

$t->db()->do(q{
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(1);
        RETURN NULL;
    END $$});
$t->db()->do('CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON flower_cargo
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()');

for my $case ([ 'internal', change('subtract', 1, 'd') ],
    [ 'internal', change('add', 1, 'e') ], [ 'public', set(60) ])
{
    my ($server, @request) = @$case;
    my $client = $t->new_client($server);
    my $name = $request[1];
    my $before = stock();
    my $hold = $t->db()->connect();

    $hold->do('SELECT pg_advisory_lock(1)');
    connected($t) or die "no connections\n";
    $client->write(BB::Client::request_bytes(@request));
    ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event = 'advisory'") }), "$name: about to be committed");
    $t->db()->value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event = 'advisory'");
    is_unavailable($client->answer(), 'the connection is lost');
    $hold->disconnect();
    ok(await(10, sub { not $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event = 'advisory'") }), 'nobody waits any more');
    is(stock(), $before, 'nothing was done');

    connected($t) or die "no connections\n";
    my $answer = $t->request(@request);

    $server eq 'public' ? ok_void($answer, 'the same again')
        : is_data($answer, 'null', 'the same again');
    isnt(stock(), $before, 'is done');
}

is(told(), 1, 'and nobody told of it');


# no connection at all

$t->db()->stop();
ok(await(10, sub { not counter(status($t), 'postgres', 'up') }), 'PostgreSQL is away');
is_unavailable($t->request(@$_), "$_->[1]: unavailable")
    for [ change('subtract', 1, 'd') ], [ change('add', 1) ], [ set(1) ],
        [ 'GET', '/stores/1/flowers/stocks', user => 101 ];
$t->db()->start();
connected($t) or die "no connections\n";
is_data($t->request(change('subtract', 1, 'd')), 'null',
    'it is back, and knows the key');
is(stock(), 60, 'nothing has changed');


# changed with its message or not at all

$t->db()->do('ALTER TABLE outbox ADD CHECK (false) NOT VALID');
is($t->request(change($_->@*))->status(), 500, "$_->[0]: the message is refused")
    for [ 'subtract', 20 ], [ 'add', -20 ], [ 'subtract', 61 ];
is(stock(), 60, 'and so is what it would have told');

$t->done();
$proxy->stop();
