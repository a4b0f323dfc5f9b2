# Redis has no memory left: 503, and all is well when it has.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Loss;
use BB::Ops;
use BB::Test;

my @users = 1 .. 30;
my $t = BB::Test->new(http => 'bb_store_sweep 500ms;',
    coupons => [ { id => 7 } ])->run();

is($t->claim(7, user => 1), ISSUED, 'loaded');
ok($t->settled(), 'settled');
$t->redis()->cmd(qw(CONFIG SET maxmemory 1));

my @verdicts = (ISSUED, map { $t->claim(7, user => $_) } 2 .. 30);

is_deeply(\@verdicts, [ ISSUED, (UNAVAILABLE) x 29 ], 'no draw');
is_deeply([ $t->members(7) ], [ 1 ], 'nobody got a place without being told');
cmp_ok(counter(status($t), 'redis', 'errors'), '>=', 1, 'counted');

$t->redis()->cmd(qw(CONFIG SET maxmemory 0));
nothing_lost($t, 7, \@users, \@verdicts, 'memory is back');

$t->done();
