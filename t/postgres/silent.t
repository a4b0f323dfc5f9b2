# PostgreSQL falls silent with draws and reads under way: all are told so in time,
# and all is well when it speaks again.

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

my $t = BB::Test->new(http => 'bb_store_sweep 500ms;', postgres_args => 'timeout=300ms
    connect_timeout=300ms', location => 'bb_store_coupon_timeout 700ms;',
    coupons => [ { id => 7 } ])->run();
my $crowd = BB::Crowd->new($t, 60);
my @users = 1 .. 41;

is($t->claim(7, user => 41), ISSUED, 'loaded');
ok($t->settled(), 'settled');

for my $round (1, 2) {
    $t->db()->pause();

    my $start = Time::HiRes::time();
    my @answers = $crowd->ask(map({ [ $t->draw(7, $_) ] } 1 .. 40),
        map { [ 'GET', '/stores/coupons/my', user => $_ ] } 1 .. 20);

    is_deeply([ map { verdict($_) } @answers ], [ (UNAVAILABLE) x 60 ],
        "round $round: all are told so") if $round == 1;
    is(scalar(grep { $_->status() == 503 } @answers[ 40 .. 59 ]), 20, 'reads');
    cmp_ok(Time::HiRes::time() - $start, '<', scaled(2), 'in time');

    my ($code, $ready) = ready($t);

    is($code, 503, 'not ready');
    like($ready->{postgres}, qr/answer|time/, 'for this reason');
    is($ready->{redis}, 'ok', 'Redis is');
    $t->db()->resume();
    ok($t->settled(), 'it speaks: what was granted is stored');
}

nothing_lost($t, 7, \@users, [ (UNAVAILABLE) x 40, ISSUED ], 'in the end');
is((ready($t))[0], 200, 'ready');

$t->done();
