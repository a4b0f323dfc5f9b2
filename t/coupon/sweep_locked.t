# Late entries of a locked coupon do not hold up those of other coupons, and are not
# taken up a second time.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $SWEEP = 500;         # ms
my $ROUNDS = 4;

# the sweep comes to coupon 7 before coupon 8, and to 71 in the partition of 7
my $t = BB::Test->new(http => "bb_store_sweep ${SWEEP}ms; bb_store_audit off;",
    coupons => [ map { { id => $_, limit => 1000 } } 7, 8, 71 ])->run();
my ($nginx, $db) = ($t->nginx(), $t->db());

$nginx->excuse(qr/exited on signal 9/);

# claims that nobody commits any more
my @users = (1 .. 20);
my $hold = $db->hold_coupons(7);
my $other = $db->hold_coupons(8, 71);

$t->begin_draws($_, \@users) for 7, 8, 71;
$nginx->kill_worker($_) for $nginx->workers();
$other->rollback();

for my $id (8, 71) {
    ok(await(10, sub { $t->holders($id) == @users }), "coupon $id is stored");
}

is(scalar $t->holders(7), 0, 'the locked one is not');

# rounds go by: the sweep asks all partitions in each
my $swept = sub { status($t)->{coupon}{swept} };
my $taken = $swept->();
my $calls = sub { counter(status($t), 'redis', 'calls') };
my $before = $calls->();

ok(await(30, sub { $calls->() >= $before + 64 * $ROUNDS }), 'the sweep goes on');
is($swept->(), $taken, 'and takes nothing twice');
is(status($t)->{coupon}{pending}, scalar @users, 'its claims wait, once');

$hold->rollback();
ok($t->settled(), 'all are settled when the lock is gone');
is_deeply([ $t->holders(7) ], \@users, 'and stored');
is_deeply([ $t->members(7) ], \@users, 'members are those with a row');
is($t->claim(7, user => 30), ISSUED, 'the next draw');

$t->done();
