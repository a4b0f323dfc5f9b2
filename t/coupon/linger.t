# Claims that were answered already wait a moment for each other, so that PostgreSQL
# gets few batches.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(workers => 1, http => 'bb_store_coupon_ack claim;',
    coupons => [ { id => 7, limit => 1000 } ])->run();

is($t->claim(7, user => 1), ISSUED, 'answered when Redis has it');
ok($t->settled(), 'and committed, though nobody else comes');

my $before = status($t)->{coupon}{batches};
my @users = 101 .. 400;

is_deeply($t->draws(7, \@users, connections => 4), { ISSUED, scalar @users }, 'a burst');
ok($t->settled(), 'all are committed');
is_deeply([ $t->holders(7) ], [ 1, @users ], 'each has a row');
cmp_ok(status($t)->{coupon}{batches} - $before, '<', @users / 10, 'in few batches');

$t->done();
