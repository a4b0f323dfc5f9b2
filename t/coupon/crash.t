# A worker dies with claims in flight: the others store them.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(workers => 2, http => 'bb_store_sweep 300ms;',
    coupons => [ { id => 7, limit => 40 } ])->run();

is($t->claim(7, user => 100), ISSUED, 'loaded');

my $hold = $t->db()->hold_coupons(7);
my @clients = $t->begin_draws(7, [ 1 .. 30 ]);

$t->nginx()->kill_worker($_) for $t->nginx()->workers();
$hold->rollback();

is(scalar(grep { $_->answer()->status() } @clients), 0, 'no answers');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ 1 .. 30, 100 ], 'all are stored');
is_deeply([ $t->members(7) ], [ 1 .. 30, 100 ], 'none twice');
is_deeply($t->draws(7, [ 1 .. 200 ]), { ALREADY_ISSUED => 31, ISSUED => 9,
    SOLD_OUT => 160 }, 'the rest is issued');

$t->done();
