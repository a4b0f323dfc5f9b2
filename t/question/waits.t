# A statement that waits for the lock of a row has a connection of its own: who only
# reads is answered meanwhile, by the same worker.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

# more waiting statements than connections for them, and one for readers
my $AT_ONCE = 6;

my $t = BB::Test->new(domains => 'cargo question',
    postgres_args => 'connections=1 timeout=9s', stores => [ { id => 1 } ])->run();

$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
    VALUES (1, 1, 100)');
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
    product_name, title, content) VALUES (1000, 1, 7, '', 'p', '', '', '')");

my %question = map { $_ => '' } qw(productId productName title content nickname);
my $change = '[{"storeId":1,"stockDtos":[{"flowerId":1,"stock":1}]}]';

# id: listener, the table whose row it waits for, request
my %waiting = (
    G1 => [ 'public', 'flower_cargo', 'PUT', '/stores/1/flowers/stocks', user => 101,
        body => '{"stockModifyDtos":[{"flowerId":1,"stock":100}]}' ],
    GI1 => [ 'internal', 'flower_cargo', 'PUT', '/client/stores/flowers/stocks/add',
        body => $change ],
    GI2 => [ 'internal', 'flower_cargo', 'PUT',
        '/client/stores/flowers/stocks/subtract', body => $change ],
    Q1 => [ 'public', 'store', 'POST', '/stores/questions', user => 7,
        body => { storeId => 1, %question } ],
    Q2 => [ 'public', 'question', 'GET', '/stores/questions/1000', user => 101 ],
    Q3 => [ 'public', 'question', 'POST', '/stores/questions/1000/answers', user => 101,
        body => '"네"' ],
);

sub waiting() {
    return $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'");
}

for my $id (sort keys %waiting) {
    my ($server, $table, @request) = $waiting{$id}->@*;
    my @clients = map { $t->new_client($server) } 1 .. $AT_ONCE;
    my $hold = $t->db()->connect();

    connected($t) or die "no connections\n";
    $hold->begin_work();
    $hold->do("SELECT FROM $table FOR UPDATE");
    $_->write(BB::Client::request_bytes(@request)) for @clients;
    ok(await(10, sub { waiting() >= 4 }), "$id: as many wait as can");

    for my $read (qw(flowers/stocks questions)) {
        is($t->get("/stores/1/$read", user => 101)->status(), 200, "$read is read");
    }

    cmp_ok(waiting(), '>=', 4, 'they still wait');
    $hold->rollback();
    is(join(' ', map { $_->answer()->status() } @clients), join(' ', (200) x $AT_ONCE),
        'then they go on');
}

$t->done();
