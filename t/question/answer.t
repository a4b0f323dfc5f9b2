# The manager of a store answers: POST /questions/{questionId}/answers.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(domains => 'question', workers => 2, stores => [ { id => 1 },
    { id => 2 }, { id => 3, deleted => 1 } ])->run();

my $NOT_FOUND = '해당 문의를 찾을 수 없습니다.';
my $ANSWERED = '이미 답변이 등록된 문의입니다.';
my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';

$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content, is_secret, is_deleted)
    SELECT n, 1, 3214567890, '봄이', 'p', '장미', '문의', '', n = 2, n = 99
    FROM generate_series(1, 99) n");
$t->db()->do('UPDATE question SET store_id = 3 WHERE id = 98');

my $next = 0;

# The arguments of a request; body: bytes
sub request($id, $body, @user) {
    return ("/stores/questions/$id/answers", body => $body,
        user => @user ? $user[0] : 101);
}

sub answer(@request) { return $t->post(request(@request)) }

sub stored($id) {
    return $t->db()->value('SELECT content FROM answer WHERE id = ?', $id);
}

sub messages() {
    return $t->db()->value("SELECT count(*) FROM outbox
        WHERE channel = 'inquery-response-notification-queue'");
}


# what arrives of a seller's text, and what is stored

for my $case ([ '{"content":"내일 옵니다"}', '내일 옵니다' ],
    [ '"내일 옵니다"', '내일 옵니다' ], [ '"a"', 'a' ], [ '"\"a\""', '"a"' ],
    [ '123', '123' ], [ '-1.50e3', '-1.50e3' ], [ '0.10', '0.10' ],
    [ '98765432109876543210', '98765432109876543210' ], [ '-0', '-0' ],
    [ '1e400', '1e400' ], [ "\t7\r\n", '7' ], [ 'true', 'true' ],
    [ '"\ud83c\udf38\u0041\/"', '🌸A/' ], [ '{"content":"x","content":"y"}', 'y' ],
    [ ' false ', 'false' ], [ '""', '' ], [ '{"content":""}', '' ],
    [ '{"x":1,"content":"a\nb"}', "a\nb" ], [ '{"content":12}', '12' ],
    [ '"' . '꽃' x 2000 . '"', '꽃' x 2000 ])
{
    $next++;
    ok_void(answer($next, $case->[0]), 'body ' . substr($case->[0], 0, 40));
    is(stored($next), $case->[1], 'stored');
}

my ($message) = $t->db()->rows("SELECT channel, type_id, phone_of,
    payload->'publishInformation', payload->'whoToNotify', sent_at
    FROM outbox ORDER BY id LIMIT 1");
is_deeply([ $message->@[ 0 .. 2, 4, 5 ] ], [ 'inquery-response-notification-queue',
    undef, 3214567890, '{"userId":3214567890,"phoneNumber":null}', undef ],
    'the asker is told, when the number is there');
like($message->[3], qr/\A\Q{"notificationKind":"INQUERY","notificationUrl":\E
    \Q"\/mypage","content":null,"role":null,"eventId":"\E[0-9a-f-]{36}"\}\z/x,
    'of the answer');
is(messages(), $next, 'one message an answer');


# a second answer

my $told = messages();

ok_void(answer(1, '"내일 옵니다"'), 'the same text is a retry');
is_fail(answer(1, '"내일 옵니다."'), $ANSWERED, 'another text');
is_fail(answer(1, '"내일 옵니다 "'), $ANSWERED, 'also if it is a blank');
is_fail(answer(3, '"A"'), $ANSWERED, 'or a capital');
is(stored(1), '내일 옵니다', 'the first one stays');
is(messages(), $told, 'no second message');


# two at once: one answer

my $other = $t->db()->connect();

for my $case ([ '"같은 글"', 'the same text' ], [ '"다른 글"', 'another text' ]) {
    my ($body, $name) = @$case;
    my $client = $t->new_client();

    $next++;
    $other->begin_work();
    $other->do("SELECT answer_question(?, '같은 글', 101)", undef, $next);
    $client->write(BB::Client::request_bytes('POST', request($next, $body)));
    ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") }), "$name: the second one waits");
    $other->commit();
    $told++;

    my $second = $client->answer();

    $name eq 'the same text' ? ok_void($second, 'and is a retry')
        : is_fail($second, $ANSWERED, 'and comes too late');
    is(stored($next), '같은 글', 'the first one stays');
    is(messages(), $told, 'one message');
}

$next++;
my %count;
$count{ $_->body() }++ for $t->burst(requests =>
    [ map { [ 'POST', request($next, qq("글 $_")) ] } 1 .. 64 ]);
is_deeply([ sort { $a <=> $b } values %count ], [ 1, 63 ], 'one of 64 is stored');
is($count{''}, 1, 'which is told');
is(messages(), $told + 1, 'one message');


# failures, in order

my $before = $t->db()->value('SELECT count(*) FROM answer');

is_invalid($t->post('/stores/questions/50/answers', body => '"x"'),
    'userId header is required', 'no userId');
is_invalid(answer('x', '"x"'), 'questionId is not a 64-bit integer', 'no number');

my %bad = ('the body is missing' => [ '' ], 'the body is null' => [ 'null' ],
    'the body is not a JSON object' => [ '[]', '["x"]' ],
    'content cannot be null' => [ '{}', '{"x":1}', '{"content":null}' ],
    'content is not a text' => [ '{"content":[]}', '{"content":{}}' ],
    'the body is not valid JSON' => [ '내일', '"x" y', '"', '"\u0000"', "\"\xff\"",
        '01', '1 2', '-', 'True', 'true x', '"\ud83c"' ]);

for my $reason (sort keys %bad) {
    is_invalid(answer(50, $_), $reason, 'body ' . substr($_, 0, 30))
        for $bad{$reason}->@*;
}

is_invalid(answer(50, $_), 'content is too long', 'too long')
    for '"' . '꽃' x 2001 . '"', '{"content":"' . 'x' x 2001 . '"}',
        '1.' . '0' x 2000;
is_fail(answer(100, '"x"'), $NOT_FOUND, 'no such question');
is_fail(answer(99, '"x"'), $NOT_FOUND, 'a deleted one');
is_fail(answer(-1, '"x"'), $NOT_FOUND, 'a negative id');
is_fail(answer(98, '"x"', 103), $NOT_OWNER, 'of a deleted store');
is_fail(answer(50, '"x"', 102), $NOT_OWNER, 'the manager of another store');
is_fail(answer(1, '"x"', 102), $NOT_OWNER, 'also of one that is answered');
is_fail(answer(50, '"x"', 3214567890), $NOT_OWNER, 'the asker');
is($t->db()->value('SELECT count(*) FROM answer'), $before, 'nothing was stored');
is(messages(), $told + 1, 'and nobody told');

$t->done();
