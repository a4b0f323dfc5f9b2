# The message of an answer waits for the asker's phone number: what the stored
# function and the statement make of it, without nginx.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $t = BB::Test->new(nginx => 0, stores => [ { id => 1 } ])->run();
my $db = $t->db();

my $file = "$FindBin::Bin/../../sql/question/notify.sql";
open(my $in, '<', $file) or die "$file: $!\n";
$db->do('PREPARE notify (bigint, text) AS ' . do { local $/; <$in> });

$db->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content)
    SELECT n, 1, 3214567890, '', '', '', '', '' FROM generate_series(1, 3) n");

sub answer($id) {
    my ($row) = $db->rows("SELECT * FROM answer_question(?, '네', NULL)", $id);
    return @$row;
}

sub message($id) {
    my ($row) = $db->rows("SELECT payload, phone_of, attempts, sent_at,
        round(extract(epoch FROM next_try_at - created_at)) FROM outbox WHERE id = ?",
        $id);
    return @$row;
}

# as the relay selects
sub due() {
    return join(' ', $db->column('SELECT id FROM outbox WHERE sent_at IS NULL
        AND phone_of IS NULL AND next_try_at <= now() ORDER BY next_try_at, id'));
}


my ($failure, $id) = answer(1);
is($failure, undef, 'answered');
is(join(' ', (message($id))[ 1, 2, 4 ]), '3214567890 0 0',
    'the message waits for the number, which is asked for at once');
is(due(), '', 'and is not sent before');
is_deeply([ (answer(1))[ 0, 1 ] ], [ undef, undef ], 'a retry has no message');

my ($event) = (message($id))[0] =~ /"eventId":"([0-9a-f-]+)"/;
my $rest = '"publishInformation":{"notificationKind":"INQUERY","notificationUrl":'
    . qq("/mypage","content":null,"role":null,"eventId":"$event"}});

is((message($id))[0], '{"whoToNotify":{"userId":3214567890,"phoneNumber":null},'
    . $rest, 'without a number');
$db->do('UPDATE outbox SET attempts = 3 WHERE id = ?', $id);
is($db->do('EXECUTE notify (?, ?)', $id, '010"1'), 1, 'the number comes');
is((message($id))[0], '{"whoToNotify":{"userId":3214567890,"phoneNumber":"010\"1"},'
    . $rest, 'and is put in');
is_deeply([ (message($id))[ 1, 2 ] ], [ undef, 0 ], 'the message is complete');
is(due(), $id, 'and due');
is($db->do('EXECUTE notify (?, ?)', $id, '2') + 0, 0, 'once more');
like((message($id))[0], qr/"010\\"1"/, 'changes nothing');

my (undef, $none) = answer(2);
$db->do('EXECUTE notify (?, ?)', $none, undef);
like((message($none))[0], qr/"phoneNumber":null/, 'there is no number');
is(due(), "$id $none", 'that is sent as well');

$t->done();
