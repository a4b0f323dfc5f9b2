# PostgreSQL behind a unix socket.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7 } ])->run();

$t->nginx()->configure(conninfo => $t->db()->conninfo(unix => 1));
$t->nginx()->start();

is($t->claim(7, user => 1), ISSUED, 'drawn');
is_deeply([ $t->db()->column("SELECT DISTINCT client_addr FROM pg_stat_activity
    WHERE application_name = 'bb_store'") ], [ undef ], 'all through the socket');

$t->db()->restart();
like($t->claim(7, user => 2), qr/\A(?:ISSUED|UNAVAILABLE)\z/, 'restarted: a draw');
like($t->claim(7, user => 2), qr/\A(?:ISSUED|ALREADY_ISSUED)\z/, 'and the next');

$t->db()->stop();
is_unavailable($t->get('/stores/coupons/my', user => 1), 'nobody behind the socket');
like((ready($t))[1]{postgres}, qr/No such file/, 'as /readyz says');

$t->done();
