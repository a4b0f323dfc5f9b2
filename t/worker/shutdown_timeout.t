# worker_shutdown_timeout cuts clients off, not their claims.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(workers => 1, main => 'worker_shutdown_timeout 300ms;',
    http => 'bb_store_sweep 1h;', coupons => [ { id => 7 } ])->plan(8)->run();

is($t->claim(7, user => 100), ISSUED, 'loaded');
ok($t->settled(), 'settled');

# one that will never send all of its body
my $slow = $t->new_client();
my @draw = $t->draw(7, 50);

$slow->write(substr(BB::Client::request_bytes(@draw), 0, -5));

my $hold = $t->db()->hold_coupons(7);
my @clients = $t->begin_draws(7, [ 1 .. 30 ]);
my @old = $t->nginx()->reload();

is(scalar(grep { $_->answer()->status() } @clients, $slow), 0, 'all are cut off');
ok($t->nginx()->are_alive(@old), 'the old worker stays for the claims');
$hold->rollback();
ok($t->nginx()->gone(@old), 'it ends');

is_deeply([ $t->holders(7) ], [ 1 .. 30, 100 ], 'rows');
is($t->claims_left(), 0, 'no claim is left over, without a sweep');
is($t->claim(7, user => 50), ISSUED, 'the new worker serves');
