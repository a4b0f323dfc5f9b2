# Every issued coupon has its coupon, and a coupon's count is that of its rows, whoever
# writes; a foreign key would say the same at a price for each row.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7, issued => [ 1, 2 ] },
    { id => 8 } ])->run();
my $db = $t->db();

# The SQLSTATE with which a statement fails.
sub state_of($sql) {
    return eval { $db->do($sql); 1 } ? 'none' : $db->handle()->state();
}

sub counts() {
    return [ $db->column('SELECT issued_count FROM coupon ORDER BY id') ];
}

my $insert = 'INSERT INTO issued_coupon (coupon_id, user_id) ';

is(state_of("$insert VALUES (99, 1)"), '23503', 'no row without its coupon');
is(state_of("$insert VALUES (7, 3), (99, 1), (8, 1)"), '23503', 'nor among others');
is_deeply(counts(), [ 2, 0 ], 'nothing was counted');

is(state_of("$insert VALUES (7, 3), (8, 1), (8, 2)"), 'none', 'rows of two coupons');
is_deeply(counts(), [ 3, 2 ], 'are counted');

is(state_of('UPDATE issued_coupon SET coupon_id = 8 WHERE user_id = 3'), '23001',
    'a row stays with its coupon');
is(state_of('DELETE FROM coupon WHERE id = 7'), '23503', 'a coupon with holders stays');
is(state_of('UPDATE coupon SET id = 70 WHERE id = 7'), '23503', 'under its id');
is(state_of('TRUNCATE coupon'), '23503', 'also when all are to go');
is_deeply(counts(), [ 3, 2 ], 'all is as before');

is(state_of('DELETE FROM issued_coupon WHERE coupon_id = 8'), 'none', 'rows go');
is(state_of('UPDATE coupon SET id = 80 WHERE id = 8'), 'none', 'then it may change');
is(state_of('DELETE FROM coupon WHERE id = 80'), 'none', 'and go');


# a batch and the deletion of its coupon at the same time: one waits for the other

$db->do("INSERT INTO coupon (id, store_id, coupon_code, coupon_name, discount_price,
    min_price, limit_count, start_date, end_date)
    VALUES (9, 1, 'a', 'a', 1, 1, 10, current_date, current_date)");

my $batch = q{SELECT issue_batch('{9}', '{1}', '{a}', '{1}', '{1}')};
my $first = $db->connect();
my $said = $t->dir() . '/second';

# Begins a statement that has to wait for the first session's transaction.
sub begin_waiting($sql) {
    unlink($said);

    my $second = BB::Process->start(output => $said,
        argv => [ 'psql', '-XAt', '-v', 'VERBOSITY=sqlstate', '-d', $db->conninfo(),
            '-c', $sql ]);

    await(10, sub { $db->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") }) or die "nothing waits for a lock\n";

    return $second;
}

# What it said when it had ended.
sub end_of($second) {
    await(10, sub { defined $second->ended() }) or die "psql did not end\n";
    open(my $file, '<', $said) or die "$said: $!\n";

    return join('', <$file>);
}

$first->begin_work();
is($first->selectrow_array($batch), '', 'a batch is stored, and not committed');

my $second = begin_waiting('DELETE FROM coupon WHERE id = 9');

$first->commit();
like(end_of($second), qr/\AERROR: +23503\b/, 'a deletion waits, and is refused');
is($db->value('SELECT count(*) FROM issued_coupon WHERE coupon_id = 9'), 1, 'one row');

$first->begin_work();
$first->selectrow_array(q{SELECT issue_batch('{9}', '{2}', '{a}', '{1}', '{2}')});
$first->do("$insert VALUES (9, 3)");
$first->commit();
is($db->value('SELECT issued_count FROM coupon WHERE id = 9'), 3,
    'a batch and a row of somebody else in one transaction');

$first->do('DELETE FROM issued_coupon WHERE coupon_id = 9');
$first->begin_work();
$first->do('DELETE FROM coupon WHERE id = 9');
$second = begin_waiting($batch);
$first->commit();
is(end_of($second), "U\n", 'a batch waits for a deletion, and finds no coupon');
is($db->value('SELECT count(*) FROM issued_coupon WHERE coupon_id = 9'), 0, 'no row');

$first->disconnect();

$t->done();
