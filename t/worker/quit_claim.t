# nginx is told to quit after draws were acknowledged at the claim: the worker stores
# them before it ends.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(workers => 1, location => 'bb_store_coupon_ack claim;',
    http => 'bb_store_sweep 1h;', coupons => [ { id => 7 } ])->plan(7)->run();

is($t->claim(7, user => 100), ISSUED, 'loaded');
ok($t->settled(), 'settled');

my $hold = $t->db()->hold_coupons(7);

is_deeply([ map { verdict($_->answer()) } $t->begin_draws(7, [ 1 .. 30 ]) ],
    [ (ISSUED) x 30 ], 'acknowledged');

my @workers = $t->nginx()->workers();

$t->nginx()->begin_quit();
ok($t->nginx()->are_alive(@workers), 'the worker stays');
$hold->rollback();

ok($t->nginx()->quit(), 'nginx ends');
is_deeply([ $t->holders(7) ], [ 1 .. 30, 100 ], 'rows');
is($t->claims_left(), 0, 'no claim is left over');
