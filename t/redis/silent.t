# Redis falls silent with draws under way: all are told so in time, and all is well
# when it speaks again.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Loss;
use BB::Ops;
use BB::Process qw(scaled);
use BB::Test;
use Time::HiRes;

my @users = 1 .. 50;
my $t = BB::Test->new(redis_args => 'timeout=400ms connect_timeout=400ms',
    http => 'bb_store_sweep 500ms;', coupons => [ { id => 7 } ])->run();
my $crowd = BB::Crowd->new($t, 50);

is($t->claim(7, user => 1), ISSUED, 'loaded');
ok($t->settled(), 'and settled');

for my $round (1, 2) {
    $t->redis()->pause();

    my $start = Time::HiRes::time();
    my @verdicts = map { verdict($_) } $crowd->ask(map { [ $t->draw(7, $_) ] } 2 .. 50);

    is_deeply(\@verdicts, [ (UNAVAILABLE) x 49 ], "round $round: all are told so");
    cmp_ok(Time::HiRes::time() - $start, '<', scaled(2), 'in time');

    my ($code, $ready) = ready($t);

    is($code, 503, 'not ready');
    like($ready->{redis}, qr/no answer|no reply|connect/, 'for this reason');
    is($ready->{postgres}, 'ok', 'PostgreSQL is');
    $t->redis()->resume();
    $t->redis()->cmd('PING');
}

nothing_lost($t, 7, \@users, [ ISSUED, (UNAVAILABLE) x 49 ], 'it speaks');
is((ready($t))[0], 200, 'ready');
cmp_ok(counter(status($t), 'redis', 'timeouts'), '>=', 1, 'counted');

$t->done();
