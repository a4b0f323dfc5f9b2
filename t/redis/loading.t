# A server that still loads its data is not used, and says why.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(redis_args => 'timeout=300ms',
    coupons => [ { id => 7 } ],
    redis_conf => { 'loading-process-events-interval-bytes' => 1024 })->run();

is($t->claim(7, user => 1), ISSUED, 'loaded');
ok($t->settled(), 'settled');

# something to load, and time for it
$t->redis()->cmd('EVAL', q{
    for i = 1, 4000 do
        redis.call('SET', 'ballast:' .. i, string.rep('x', 1000))
    end}, 0);
$t->redis()->cmd(qw(CONFIG SET appendfsync always));
$t->redis()->cmd('BGREWRITEAOF');
ok(await(20, sub {
    $t->redis()->cmd(qw(INFO persistence)) =~ /aof_rewrite_in_progress:0/
}), 'written');
$t->redis()->stop();
$t->redis()->{conf}{'key-load-delay'} = 500;
$t->redis()->launch();

my $ready;

ok(await(10, sub { $ready = (ready($t))[1]{redis}; $ready =~ /loading/ }),
    'not ready, as it loads');
is_unavailable($t->request($t->draw(7, 2)), 'a draw meanwhile');
ok(await(20, sub { (ready($t))[0] == 200 }), 'ready once it has loaded');
is($t->claim(7, user => 2), ISSUED, 'drawn');
is($t->claim(7, user => 1), ALREADY_ISSUED, 'nothing is forgotten');

$t->done();
