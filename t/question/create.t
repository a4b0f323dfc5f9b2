# A shopper asks a store: POST /questions.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(domains => 'question', stores => [ { id => 12 },
    { id => 3, deleted => 1 } ])->run();

my $NO_STORE = '해당 가게가 존재하지 않습니다.';
my @TEXTS = qw(productId productName title content nickname);

sub body(%o) {
    return { storeId => 12, productId => '656e89e3ae667e3844a02030',
        productName => '장미 한 다발', title => '문의', content => '언제 오나요?',
        nickname => '봄이', isSecret => JSON::PP::false, %o };
}

sub ask(%o) { return $t->post('/stores/questions', user => 3214567890, body => body(%o)) }

sub newest() {
    my ($row) = $t->db()->rows('SELECT store_id, user_id, product_id, product_name,
        title, content, nickname, is_secret, is_read, is_deleted
        FROM question ORDER BY id DESC LIMIT 1');

    return $row;
}

sub count() {
    return join(' ', map { $t->db()->value("SELECT count(*) FROM $_") }
        qw(question outbox));
}


# what the mall sends

ok_void($t->post('/stores/questions', user => 3214567890, body => '{"storeId":12,'
    . '"productId":"656e89e3ae667e3844a02030","productName":"장미 한 다발",'
    . '"title":"문의","content":"언제 오나요?","isSecret":false,"nickname":"봄이"}'),
    'asked');
is_deeply(newest(), [ 12, 3214567890, '656e89e3ae667e3844a02030', '장미 한 다발',
    '문의', '언제 오나요?', '봄이', 0, 0, 0 ], 'stored, not read');
cmp_ok($t->db()->value('SELECT abs(extract(epoch FROM now() - created_at))
    FROM question'), '<', 60, 'as of now');

my ($message) = $t->db()->rows('SELECT channel, type_id, payload,
    sent_at IS NULL AND phone_of IS NULL AND next_try_at <= now() FROM outbox');
is($message->[0], 'question-register-notification-queue', 'the store is told');
is($message->[1], undef, 'through a queue');
like($message->[2], qr/\A\Q{"whoToNotify":{"storeId":12},"publishInformation":{\E
    \Q"notificationKind":"QUESTION","notificationUrl":"\/manage","content":null,\E
    \Q"role":null,"eventId":"\E[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"\}\}\z/x,
    'of the question');
is($message->[3], 1, 'at once');


# other forms

ok_void(ask(isSecret => JSON::PP::true), 'secret');
is(newest()->[7], 1, 'stored as such');
is(count(), '2 2', 'one more question, one more message');
is($t->db()->value("SELECT count(DISTINCT payload->'publishInformation'->>'eventId')
    FROM outbox"), 2, 'which is another one');

for my $case ([ undef, 0 ], [ '', 0 ], [ 'TRUE', 1 ], [ 'False', 0 ], [ 2, 1 ], [ 0, 0 ]) {
    ok_void(ask(isSecret => $case->[0]), 'isSecret ' . ($case->[0] // 'null'));
    is(newest()->[7], $case->[1], "is $case->[1]");
}

my %without = body()->%*;
delete $without{isSecret};
ok_void($t->post('/stores/questions/', user => 1, body => \%without), 'without it');
is(newest()->[7], 0, 'is 0');

ok_void(ask(storeId => '12', map { $_ => '' } @TEXTS), 'empty texts');
is_deeply(newest(), [ 12, 3214567890, ('') x 5, 0, 0, 0 ], 'stored');
ok_void(ask(map { $_ => '꽃' x 255 } @TEXTS), 'long texts');
is_deeply(newest(), [ 12, 3214567890, ('꽃' x 255) x 5, 0, 0, 0 ], 'stored');
$t->add_store(id => 3214567890);
ok_void($t->post('/stores/questions', user => 9223372036854775807,
    body => body(storeId => 3214567890)), 'large ids');
is_deeply([ newest()->@[ 0, 1 ] ], [ 3214567890, 9223372036854775807 ], 'stored');
ok_void(ask(title => 12, content => JSON::PP::true), 'a number and a boolean');
is_deeply([ newest()->@[ 4, 5 ] ], [ '12', 'true' ], 'are texts');


# failures, in order

my $before = count();

is_invalid($t->post('/stores/questions', body => body(storeId => 99)),
    'userId header is required', 'no userId');
is_invalid($t->post('/stores/questions', user => [ 1, 2 ], body => body()),
    'more than one userId header', 'two of them');

for my $field ('storeId', @TEXTS) {
    my %body = body()->%*;

    is_invalid(ask($field => undef), "$field cannot be null", "$field is null");
    delete $body{$field};
    is_invalid($t->post('/stores/questions', user => 1, body => \%body),
        "$field cannot be null", "no $field");
    is_invalid(ask($field => {}), "$field is not "
        . ($field eq 'storeId' ? 'an integer' : 'a text'), "$field is an object");
}

is_invalid(ask($_ => '꽃' x 256), "$_ is too long", "$_ is too long") for @TEXTS;
is_invalid(ask(isSecret => $_), 'isSecret is not a boolean', "isSecret: $_")
    for 'yes', 'tRUE', [];
is_invalid(ask(storeId => 'x'), 'storeId is not an integer', 'storeId is no number');
is_invalid($t->post('/stores/questions', user => 1, body => $_->[0]), $_->[1],
    "body $_->[0]") for [ '', 'the body is missing' ], [ 'null', 'the body is null' ],
    [ '{', 'the body is not valid JSON' ],
    map { [ $_, 'the body is not a JSON object' ] } '[]', '1', '"x"';
is_fail(ask(storeId => $_), $NO_STORE, "no store $_") for 99, 3, 0, -1;
is(count(), $before, 'nothing was written');

$t->done();
