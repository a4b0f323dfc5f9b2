# A client that leaves while its draw is under way changes nothing: the draw goes on.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(coupons => [ { id => 7, limit => 50 } ])->plan(5)->run();

is($t->claim(7, user => 100), ISSUED, 'loaded');

my $hold = $t->db()->hold_coupons(7);

$_->close() for $t->begin_draws(7, [ 1 .. 30 ]);
ok($t->nginx()->logged(qr/client prematurely closed connection/, 30),
    'nginx has noticed');
$hold->rollback();

ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ 1 .. 30, 100 ], 'all are stored');
is_deeply([ $t->members(7) ], [ 1 .. 30, 100 ], 'all are members');
