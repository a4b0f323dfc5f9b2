# A server that has forgotten its scripts gets them again, and no request notices.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Test;

my $t = BB::Test->new(coupons => [ map { { id => $_ } } 1 .. 40 ])->plan(5)->run();
my $crowd = BB::Crowd->new($t, 40);

is($t->claim($_, user => 1), ISSUED, "coupon $_ is loaded") for 1, 2;
ok($t->settled(), 'and settled');
$t->redis()->cmd(qw(SCRIPT FLUSH));

# forty calls of one script are under way when the first one fails
my @answers = $crowd->ask(map { [ $t->draw($_, 2) ] } 1 .. 40);

is_deeply([ map { verdict($_) } @answers ], [ (ISSUED) x 40 ], 'all are issued');
ok($t->settled(), 'no claim is left over');
