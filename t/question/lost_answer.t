# The answer of PostgreSQL is lost with its connection: 503, as nobody knows.  Who
# answers the question again with the same text is told that it is done, and the asker
# has one message.  What is stored and its message are written together.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Proxy;
use BB::Test;

my $t = BB::Test->new(nginx => 0, domains => 'question',
    stores => [ { id => 1 } ])->run();
my $proxy = BB::Proxy->new(target => $t->db()->port());
my $port = $proxy->port();

my $ANSWERED = '이미 답변이 등록된 문의입니다.';

$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content)
    SELECT n, 1, 7, '', '', '', '', '' FROM generate_series(1, 9) n");
$t->nginx()->{conninfo} = $t->db()->conninfo() =~ s/\bport=\d+/port=$port/r;
$t->nginx()->start();

sub answer($id, $text) {
    return ('POST', "/stores/questions/$id/answers", user => 101, body => qq("$text"));
}

my @ask = ('POST', '/stores/questions', user => 7, body => { storeId => 1,
    map { $_ => '' } qw(productId productName title content nickname) });

my @get = ('GET', '/stores/questions/2', user => 101);

sub counted() {
    return join(' ', map { $t->db()->value("SELECT count(*) FROM $_") }
        'question', 'answer', 'outbox', 'question WHERE is_read');
}

# The request is done, and its answer lost.
sub lose(@request) {
    connected($t) or die "no connections\n";

    # prepared, also where a connection is new
    $t->request(answer(9, 'x'));
    $t->request('GET', '/stores/questions/9', user => 101);
    $t->request(@ask);
    $t->db()->do('DELETE FROM question WHERE id > 9');
    $t->db()->do("DELETE FROM outbox WHERE channel LIKE 'question-%'");
    my $before = counted();

    $proxy->cut(1);
    my $answer = $t->request(@request);

    connected($t) or die "no connections\n";
    $proxy->cut(0);
    return ($answer, $before);
}

$t->db()->do("SELECT setval(pg_get_serial_sequence('question', 'id'), 9)");

my ($lost, $before) = lose(answer(1, '네'));

is($before, '9 1 1 1', 'before');
is_unavailable($lost, 'answered');
is(counted(), '9 2 2 1', 'it is done');
ok_void($t->request(answer(1, '네')), 'the same again');
is(counted(), '9 2 2 1', 'is known');
is_fail($t->request(answer(1, '아니요')), $ANSWERED, 'another answer');
is(counted(), '9 2 2 1', 'comes too late');

($lost) = lose(@get);
is_unavailable($lost, 'read');
is(counted(), '9 2 2 2', 'it is read');
is($t->request(@get)->status(), 200, 'read again');

($lost) = lose(@ask);
is_unavailable($lost, 'asked');
is(counted(), '10 2 3 2', 'it is done, and the store told');


# no connection at all

$t->db()->stop();
ok(await(10, sub { not counter(status($t), 'postgres', 'up') }), 'PostgreSQL is away');
is_unavailable($t->request(@$_), "$_->[0] $_->[1]: unavailable")
    for [ @ask ], [ answer(2, '네') ], [ @get ],
        map { [ 'GET', "/stores/$_", user => 101 ] } '1/questions',
            'questions/product/p', 'questions/product/p/my', 'questions/my-page';
$t->db()->start();
connected($t) or die "no connections\n";
is(counted(), '10 2 3 2', 'nothing was done');


# stored with its message or not at all

$t->db()->do('ALTER TABLE outbox ADD CHECK (false) NOT VALID');
is($t->request(@$_)->status(), 500, "$_->[1]: the message is refused")
    for [ @ask ], [ answer(2, '네') ];
is(counted(), '10 2 3 2', 'and so is what it would have told');

$t->done();
$proxy->stop();
