# nginx starts without PostgreSQL: 503, and all is well once it is there.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7 } ])->run();

$t->db()->stop();
$t->nginx()->start();

is_unavailable($t->request($t->draw(7, 1)), 'a draw');
is_unavailable($t->get('/stores/coupons/my', user => 1), 'a read');

my ($code, $ready) = ready($t);

is($code, 503, 'not ready');
like($ready->{postgres}, qr/refused/i, 'as nobody listens');
is($ready->{redis}, 'ok', 'Redis is there');
is($t->new_client('ops')->request('GET', '/livez')->status(), 200, 'alive');
is_deeply([ $t->members(7) ], [], 'nobody got a place without being told');

$t->db()->start();
ok(await(10, sub { (ready($t))[0] == 200 }), 'ready');
is($t->claim(7, user => 1), ISSUED, 'drawn');
is_deeply([ $t->holders(7) ], [ 1 ], 'a row');

$t->done();
