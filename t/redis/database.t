# The database is the one that the URL names.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(coupons => [ { id => 7 } ])->run();

sub keys_of($db) {
    my $keys = $t->redis()->cmd(qw(INFO keyspace)) =~ /^db$db:keys=(\d+)/m ? $1 : 0;

    return $keys > 0;
}

$t->nginx()->reconfigure(
    redis_url => 'redis://127.0.0.1:' . $t->redis()->port() . '/3');
is($t->claim(7, user => 1), ISSUED, 'drawn');
ok(keys_of(3), 'in database 3');
ok(!keys_of(0), 'not in database 0');

# also after the connection was lost
$t->redis()->drop_clients();
like($t->claim(7, user => 2), qr/\A(?:ISSUED|UNAVAILABLE)\z/, 'connection lost');
like($t->claim(7, user => 2), qr/\A(?:ISSUED|ALREADY_ISSUED)\z/, 'drawn');
ok(!keys_of(0), 'still not in database 0');

$t->nginx()->reconfigure(
    redis_url => 'redis://127.0.0.1:' . $t->redis()->port() . '/99');
is_unavailable($t->request($t->draw(7, 3)), 'a database that is not there');
like((ready($t))[1]{redis}, qr/SELECT.*out of range/, 'as /readyz says');

$t->done();
