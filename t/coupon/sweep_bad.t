# An entry of the intent log that nobody can read, or whose coupon is of another
# partition, becomes a dead letter with what it has: its coupon, which is one of
# several in the partition, and its text.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my ($LOG, $DEAD) = ('{bb:7}:claims', '{bb:7}:claims:dead');
my $REASON = 'not a log entry of claims';
my $ID = 1_882_565_463_459_349_504;       # of a claim

my $t = BB::Test->new(http => 'bb_store_sweep 500ms; bb_store_audit off;',
    coupons => [ { id => 71, limit => 10 } ])->run();

# coupon and claims
my @bad = (
    [ 71, 'x' ],
    [ 135, '[]' ],
    [ 71, '[[1,"봄이"]]' ],
    [ 'x', qq([[2,"봄이","01012345678",$ID]]) ],
    [ 8, qq([[2,"봄이","01012345678",$ID]]) ],
    [ '9' x 20, qq([[2,"봄이","01012345678",$ID]]) ],
);

for my $entry (@bad, [ 71, qq([[3,"봄이","01012345678",$ID]]) ]) {
    $t->redis()->cmd('XADD', $LOG, '*', coupon => $entry->[0], claims => $entry->[1]);
}

$t->redis()->cmd('XADD', $LOG, '*', coupon => 199);

ok(await(10, sub { $t->redis()->cmd('XLEN', $LOG) == 0 }), 'the log is empty');
is_deeply([ $t->holders(71) ], [ 3 ], 'the entry between them is stored');

my @letters = map { $_->[1] } $t->redis()->cmd('XRANGE', $DEAD, '-', '+')->@*;

is_deeply(\@letters, [
        map({ [ coupon => $_->[0], claims => $_->[1], reason => $REASON ] } @bad),
        [ coupon => 199, claims => '', reason => $REASON ],
    ], 'dead letters have what the entries had');
is(status($t)->{coupon}{dead_letters}, scalar @letters, 'are counted');
ok($t->nginx()->logged(qr/a claim of coupon \Q$_->[0]\E cannot be stored/),
    "and logged: coupon $_->[0]")
    for @bad;

$t->done();
