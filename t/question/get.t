# One question: GET /questions/{questionId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(domains => 'question', stores => [ { id => 1 }, { id => 2 },
    { id => 3, deleted => 1 } ])->run();

my $NOT_FOUND = '해당 문의를 찾을 수 없습니다.';

# of user 7: answered, not answered, secret, deleted, of a deleted store
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content, is_secret, is_deleted, created_at)
    VALUES (1, 1, 7, '봄이', 'p', '장미 한 다발', '문의', '\"', false, false,
            '2024-01-20 10:15:00.9+09'),
        (2, 1, 7, '봄이', 'p', '장미', '문의', '', false, false,
            '2024-12-31 23:59:59.999999+09'),
        (3, 1, 7, '봄이', 'p', '장미', '비밀', '', true, false, '2024-01-20'),
        (4, 1, 7, '봄이', 'p', '장미', '문의', '', false, true, '2024-01-20'),
        (5, 3, 7, '봄이', 'p', '장미', '문의', '', false, false, '2024-01-20'),
        (6, 3, 7, '봄이', 'p', '장미', '문의', '', true, false, '2024-01-20')");
$t->db()->do("INSERT INTO answer (id, content, created_at, updated_at)
    VALUES (1, '내일\n옵니다', '2024-01-20 12:00+09', '2024-01-22 00:00+09'),
        (3, '네', '2024-01-20', '2024-01-20'), (4, '네', '2024-01-20', '2024-01-20')");

sub get($id, @user) {
    return $t->get("/stores/questions/$id", @user ? (user => $user[0]) : ());
}

# The questions that have been read.
sub seen() {
    return join(' ', $t->db()->column('SELECT id FROM question WHERE is_read
        ORDER BY id'));
}

sub zoned($time) {
    return $t->db()->value("SELECT to_char(?::timestamptz,
        'YYYY-MM-DD\"T\"HH24:MI:SS')", $time);
}

my ($first, $second) = map { zoned($_) } '2024-01-20 10:15:00+09',
    '2024-12-31 23:59:59+09';
my $replied = substr(zoned('2024-01-22 00:00+09'), 0, 10);


# what is shown

is_data(get(1), '{"title":"문의","nickname":"봄이","createdAt":"' . $first . '",'
    . '"productName":"장미 한 다발","content":"\"","isReplied":true,'
    . '"answer":{"content":"내일\n옵니다","repliedAt":"' . $replied . '"}}',
    'answered, for anybody');
is_data(get(2, 8), '{"title":"문의","nickname":"봄이","createdAt":"' . $second . '",'
    . '"productName":"장미","content":"","isReplied":false,"answer":null}',
    'not answered, for somebody else');
is(get(2, 7)->json()->{data}{title}, '문의', 'for its author');
is(get(2, '')->body(), get(2)->body(), 'with an empty userId');
is($t->get('/stores/questions/2/', user => 7)->body(), get(2)->body(), 'with a slash');


# a secret one

is_fail(get(3), $NOT_FOUND, 'secret: not for anybody');
is_fail(get(3, 8), $NOT_FOUND, 'not for somebody else');
is_fail(get(3, 102), $NOT_FOUND, 'not for the manager of another store');
is(get(3, 7)->json()->{data}{answer}{content}, '네', 'for its author');
is(seen(), '', 'none of these counts as reading');
is(get(3, 101)->json()->{data}{answer}{content}, '네', 'for the manager');


# who has read it

is(seen(), '3', 'the manager read the secret one');
is_data(get(1, 101), get(1)->body() =~ s/\A\{"data":(.*),"message".*\z/$1/r,
    'the manager reads another');
is(seen(), '1 3', 'it counts');
my $updated = $t->db()->value('SELECT updated_at FROM question WHERE id = 1');
is(get(1, 101)->status(), 200, 'once more');
is($t->db()->value('SELECT updated_at FROM question WHERE id = 1'), $updated,
    'changes nothing');
is(get(2, 102)->status(), 200, 'the manager of another store');
is(seen(), '1 3', 'does not count');


# failures

is_fail(get($_, 101), $NOT_FOUND, "question $_") for 4, 99, 0, -1;
is(get(5, 103)->json()->{result}, 'SUCCESS', 'of a deleted store: for anybody');
is_fail(get(6, 103), $NOT_FOUND, 'secret: it has no manager any more');
is(get(6, 7)->json()->{result}, 'SUCCESS', 'for its author');
is(seen(), '1 3', 'nobody has read these');
is_invalid(get('x'), 'questionId is not a 64-bit integer', 'no number');
is_invalid(get('9223372036854775808'), 'questionId is not a 64-bit integer',
    'out of range');
is_invalid(get(1, 'x'), 'userId header is not a 64-bit integer', 'a bad userId');
is_invalid(get(1, [ 7, 7 ]), 'more than one userId header', 'two of them');

my $head = $t->request('HEAD', '/stores/questions/1', user => 101);
is($head->status() . $head->body(), '200', 'HEAD has no body');

$t->done();
