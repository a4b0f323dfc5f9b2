# A reply that is longer than what hiredis reads at once, the sweep's, arrives whole.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $N = 1500;
my $t = BB::Test->new(location => 'bb_store_coupon_ack claim;',
    http => 'bb_store_sweep 500ms; bb_store_coupon_batch 10;',
    coupons => [ { id => 7, limit => 10000 } ])->run();

is($t->claim(7, user => 9999), ISSUED, 'loaded');
ok($t->settled(), 'settled');

# granted, but not stored, and then the worker dies
my $hold = $t->db()->hold_coupons(7);
my $nickname = '봄' x 80;
my %count;

$count{verdict($_)}++ for $t->burst(requests => [ map { [ 'POST', '/stores/coupons/7',
    user => $_, body => qq({"nickname":"$nickname","phoneNumber":"1"}) ] } 1 .. $N ]);
is_deeply(\%count, { ISSUED => $N }, 'granted');
$t->nginx()->kill_worker($_) for $t->nginx()->workers();

my $bytes = $t->redis()->cmd('MEMORY', 'USAGE', '{bb:7}:claims', 'SAMPLES', 0);

cmp_ok($bytes, '>', 200_000, 'the log is long');
$hold->rollback();

ok($t->settled(30), 'the sweep has stored it');
is(scalar(() = $t->holders(7)), $N + 1, 'all of it');
is($t->db()->value('SELECT count(*) FROM issued_coupon WHERE nickname = ?', $nickname),
    $N, 'as it was');

$t->done();
