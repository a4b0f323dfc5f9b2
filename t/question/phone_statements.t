# The statements behind the search for phone numbers, without nginx: which messages are
# taken, given back and moved to the dead letters, and which are not.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

# rows are sorted, so that no order of an index hides one that a statement lacks
my $t = BB::Test->new(nginx => 0, postgres_conf => { enable_indexscan => 'off',
    enable_bitmapscan => 'off' })->run();
my $db = $t->db();

$db->do("SET lock_timeout = '10s'");

for my $name (qw(notify phone_take phone_back phone_dead)) {
    my $file = "$FindBin::Bin/../../sql/question/$name.sql";

    open(my $in, '<', $file) or die "$file: $!\n";
    $db->do("PREPARE $name AS " . do { local $/; <$in> });
}

# minutes: how long it has been due;  columns: others
sub message($id, $minutes, %columns) {
    my %row = (channel => 'q', payload => qq({"publishInformation":{"eventId":"$id"}}),
        phone_of => 100 + $id, %columns);
    my @names = sort keys %row;

    $db->do('INSERT INTO outbox (id, next_try_at, ' . join(', ', @names) . ") VALUES (?,
        now() - ? * interval '1 minute', " . join(', ', ('?') x @names) . ')',
        $id, $minutes, @row{@names});
}

# What is taken: the id, the user and the attempt of each.
sub take($limit, $timeout = 3000) {
    return join(' ', map { join('/', @$_) } sort { $a->[0] <=> $b->[0] }
        $db->rows('EXECUTE phone_take (?, ?)', $limit, $timeout));
}

# attempts, and the seconds until it is due again
sub left($id) {
    my ($row) = $db->rows('SELECT attempts,
        extract(epoch FROM next_try_at - now())::float8 FROM outbox WHERE id = ?', $id);

    return $row ? join('/', @$row) : 'gone';
}


# the longest due first, of those that lack a number, were not sent and are due

message(1, 1);
message(2, 3);
message(3, 2);
message(4, 2);
message(5, 9, phone_of => undef);
message(6, 9, sent_at => '2024-01-01');
message(7, -1);
is(take(0), '', 'none if nobody can be asked');
is(take(2), '2/102/1 3/103/1', 'the longest due, then by id');

my $other = $db->connect();
$other->begin_work();
$other->do('SELECT FROM outbox WHERE id = 4 FOR UPDATE');
is(take(9), '1/101/1', 'not what another host has in hand');
$other->rollback();
is(take(9), '4/104/1', 'which comes next');
is(take(9), '', 'nothing else is due');


# the pause after each attempt, never shorter than a call may take and five seconds

$db->handle()->begin_work();     # now() stands still

for my $case ([ 0, 3000, 20 ], [ 1, 3000, 40 ], [ 4, 3000, 320 ], [ 5, 3000, 600 ],
    [ 11, 3000, 600 ], [ 2000, 3000, 600 ], [ 0, 60_000, 65 ], [ 11, 900_000, 905 ])
{
    my ($attempts, $timeout, $pause) = @$case;

    $db->do('UPDATE outbox SET attempts = ?, next_try_at = now() WHERE id = 1',
        $attempts);
    is(take(1, $timeout), '1/101/' . ($attempts + 1), "attempt $attempts is over");
    is(left(1), ($attempts + 1) . "/$pause", "next in $pause seconds");
}


# given back, by who took it last

is($db->do('EXECUTE phone_back (?, ?)', 1, 11) + 0, 0, 'not what was taken since');
is(left(1), '12/905', 'it stays');
is($db->do('EXECUTE phone_back (?, ?)', 1, 12) + 0, 1, 'given back');
is(left(1), '11/0', 'due, and that was no attempt');
is(take(1), '1/101/12', 'taken again');


# a dead letter, by who took it last

is($db->do('EXECUTE phone_dead (?, ?, ?)', 1, 11, 'why') + 0, 0,
    'not what was taken since');
is($db->value('SELECT count(*) FROM dead_letter'), 0, 'no dead letter');
is($db->do('EXECUTE phone_dead (?, ?, ?)', 1, 12, 'why') + 0, 1, 'moved');
is(left(1), 'gone', 'out of the messages');
is_deeply([ $db->rows('SELECT source, payload, reason FROM dead_letter') ],
    [ [ 'q', '{"publishInformation":{"eventId":"1"}}', 'why' ] ], 'as it was');
is($db->do('EXECUTE phone_dead (?, ?, ?)', 1, 12, 'why') + 0, 0, 'once');


# what is complete is none of theirs

isnt(left(2), '1/0', 'taken, and not due');
is($db->do('EXECUTE notify (?, ?)', 2, '010') + 0, 1, 'the number comes');
is(left(2), '0/0', 'it is due, to be sent');
$db->do('UPDATE outbox SET attempts = 1 WHERE id = 2');
is($db->do('EXECUTE phone_back (?, ?)', 2, 1) + 0, 0, 'not given back');
is($db->do('EXECUTE phone_dead (?, ?, ?)', 2, 1, 'why') + 0, 0, 'not moved');
is($db->value('SELECT payload FROM outbox WHERE id = 2'),
    '{"whoToNotify":{"userId":102,"phoneNumber":"010"},'
    . '"publishInformation":{"eventId":"2"}}', 'and as it was');
$db->handle()->rollback();

$t->done();
