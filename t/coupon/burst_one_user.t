# Parallel draws of one user: one succeeds.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(workers => 2, coupons => [
    { id => 7 }, { id => 8, limit => 1 }, { id => 9 } ])->plan(7)->run();

is_deeply($t->draws(7, [ (1) x 200 ], connections => 200),
    { ISSUED => 1, ALREADY_ISSUED => 199 }, '200 at once');
is_deeply($t->draws(8, [ (1) x 200 ], connections => 200),
    { ISSUED => 1, ALREADY_ISSUED => 199 }, 'of the only coupon');
is_deeply($t->draws(9, [ (1 .. 20) x 20 ], connections => 200),
    { ISSUED => 20, ALREADY_ISSUED => 380 }, '20 users, 20 times each');

ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ 1 ], 'one row');
is_deeply([ $t->holders(8) ], [ 1 ], 'one row');
is_deeply([ $t->holders(9) ], [ 1 .. 20 ], 'twenty rows');
