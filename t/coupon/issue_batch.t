# The stored function that commits a batch of claims, without nginx.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $t = BB::Test->new(nginx => 0, coupons => [
    { id => 7, limit => 4, issued => [ 100 ] }, { id => 8, limit => 1000 },
    { id => 9, limit => 0 } ])->run();

my $claim = 1_700_000_000_000 << 20;

# Rows are [ coupon, user, claim ]; returns the verdicts.
sub batch(@rows) { return call('issue_batch', @rows) }

sub some_of_batch(@rows) { return call('issue_batch_some', @rows) }

sub call($function, @rows) {
    my @columns = map { my $i = $_; [ map { $_->[$i] } @rows ] } 0 .. 2;

    return $t->db()->value("SELECT $function(?, ?, ?, ?, ?)",
        @columns[ 0, 1 ], [ map { "n$_->[1]" } @rows ], [ ('1') x @rows ], $columns[2]);
}

sub counted() {
    return [ $t->db()->column('SELECT issued_count - (SELECT count(*)
        FROM issued_coupon i WHERE i.coupon_id = c.id) FROM coupon c ORDER BY id') ];
}


is(batch([ 7, 1, $claim ], [ 8, 1, $claim + 1 ]), '', 'all are new');
is_deeply([ $t->db()->rows("SELECT coupon_id, nickname, phone_number, is_used, claim,
    extract(epoch FROM created_at)::bigint FROM issued_coupon WHERE user_id = 1
    ORDER BY 1") ], [ [ 7, 'n1', '1', 0, $claim, 1_700_000_000 ],
    [ 8, 'n1', '1', 0, $claim + 1, 1_700_000_000 ] ], 'with the time of the claim');
is(batch([ 7, 1, $claim ], [ 8, 1, $claim + 1 ]), 'II', 'the same once more');
is(batch([ 7, 1, $claim + 2 ], [ 7, 2, $claim + 3 ]), 'AI',
    'another claim of the same user');
is(batch([ 7, 100, $claim + 4 ]), 'A', 'a row without a claim');
is(batch([ 7, 3, $claim + 5 ], [ 7, 4, $claim + 6 ], [ 8, 4, $claim + 7 ],
    [ 7, 2, $claim + 3 ], [ 7, 3, $claim + 8 ], [ 99, 1, $claim + 9 ],
    [ 9, 1, $claim + 10 ]), 'ISIIAUS', 'every kind, first come first served');
is_deeply([ $t->holders(7) ], [ 1, 2, 3, 100 ], 'four of four');
is_deeply([ $t->holders(8) ], [ 1, 4 ], 'the other coupon is issued');
is_deeply(counted(), [ 0, 0, 0 ], 'the counters are right');
is($t->db()->value('SELECT nickname FROM issued_coupon WHERE coupon_id = 7
    AND user_id = 100'), '봄이', 'rows that were there stay as they were');

is(batch(map { [ 8, $_, $claim + $_ ] } 1000 .. 1899), '', '900 at once');
is(batch(map { [ 8, $_, $claim + $_ ] } 1890 .. 2020), 'I' x 108 . 'S' x 23,
    'replayed and beyond the limit');
is(scalar $t->holders(8), 1000, 'exactly the limit');

$t->db()->do('DELETE FROM issued_coupon WHERE coupon_id = 8 AND user_id < 1500');
is_deeply(counted(), [ 0, 0, 0 ], 'deleted rows are counted');
is(batch([ 8, 1, $claim ]), '', 'and make room');
$t->db()->do('UPDATE coupon SET limit_count = 1 WHERE id = 8');
is(batch([ 8, 2, $claim + 1 ], [ 8, 1, $claim ]), 'SI', 'a lowered limit');


# a coupon whose row somebody else has locked

$t->db()->do('UPDATE coupon SET limit_count = 1000');

my $hold = $t->db()->hold_coupons(7);

is(some_of_batch([ 7, 50, $claim ], [ 8, 50, $claim + 1 ], [ 7, 51, $claim + 2 ],
    [ 8, 51, $claim + 3 ]), 'LILI', 'locked: the others are stored');
is(some_of_batch([ 8, 50, $claim + 1 ], [ 7, 50, $claim ], [ 8, 51, $claim + 4 ],
    [ 99, 1, $claim ], [ 9, 50, $claim ]), 'ILAUI', 'locked: the others are judged');
is(some_of_batch([ 7, 50, $claim ], [ 99, 1, $claim ]), 'LU', 'locked: none of them is there');
is_deeply(counted(), [ 0, 0, 0 ], 'locked: the counters are right');

my $other = $t->db()->hold_coupons(8);

is(some_of_batch([ 8, 52, $claim ], [ 7, 52, $claim + 1 ]), 'LL', 'both locked: none is stored');
$t->db()->do('SET lock_timeout = 50');
ok(!eval { local $SIG{__WARN__} = sub { }; batch([ 7, 52, $claim ]) },
    'locked: a batch that is to have all waits');
is($t->db()->handle()->state(), '55P03', 'as long as the session allows');
$_->rollback() for $hold, $other;
is(some_of_batch([ 8, 52, $claim ], [ 7, 52, $claim + 1 ]), '', 'free again');
is_deeply(counted(), [ 0, 0, 0 ], 'the counters are right');

$t->done();
