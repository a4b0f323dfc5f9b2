# A server that became a replica is not used, and says why; a master is.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_sweep 500ms;',
    redis_args => 'timeout=300ms', coupons => [ { id => 7 } ])->run();

is($t->claim(7, user => 1), ISSUED, 'a master');
ok($t->settled(), 'settled');

# of a master that is not there
$t->redis()->cmd('REPLICAOF', '127.0.0.1', 1);

is_unavailable($t->request($t->draw(7, 2)), 'a replica: a draw') for 1 .. 3;

my ($code, $ready) = ready($t);

is($code, 503, 'not ready');
like($ready->{redis}, qr/replica|READONLY/, 'as it is a replica');
is($t->get('/stores/coupons/my', user => 1)->status(), 200, 'who only reads');

$t->redis()->cmd(qw(REPLICAOF NO ONE));
ok(await(5, sub { (ready($t))[0] == 200 }), 'a master again: ready');
is($t->claim(7, user => 2), ISSUED, 'drawn');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ 1, 2 ], 'rows');
is_deeply([ $t->members(7) ], [ 1, 2 ], 'members');

$t->done();
