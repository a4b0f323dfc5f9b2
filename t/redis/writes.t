# Draws that arrive in one turn leave for Redis in one write and one script call.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_sweep 1h;',
    coupons => [ { id => 7, limit => 1000 } ])->plan(6)->run();
my $crowd = BB::Crowd->new($t, 64);

is($t->claim(7, user => 1), ISSUED, 'loaded');
ok($t->settled(), 'and settled');

my $before = status($t);
my @verdicts = map { verdict($_) } $crowd->ask(map { [ $t->draw(7, $_) ] } 101 .. 164);

ok($t->settled(), 'no claim is left over');

my $after = status($t);

is_deeply(\@verdicts, [ (ISSUED) x 64 ], 'all are issued');
cmp_ok($after->{coupon}{script_calls} - $before->{coupon}{script_calls}, '<=', 2,
    'in few script calls');
# the draws, their acknowledgement, the second look at the status
cmp_ok(counter($after, 'redis', 'writes') - counter($before, 'redis', 'writes'),
    '<=', 5, 'in few writes');
