# A coupon's row is locked for longer than a draw may take: 503 in time, and in the
# end each has a row or may come again.

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

my $t = BB::Test->new(http => 'bb_store_sweep 500ms;', postgres_args => 'timeout=300ms',
    location => 'bb_store_coupon_timeout 800ms;',
    coupons => [ { id => 7 }, { id => 8 } ])->run();
my $crowd = BB::Crowd->new($t, 40);
my @users = 1 .. 41;

is($t->claim($_, user => 41), ISSUED, 'loaded') for 7, 8;

my $hold = $t->db()->hold_coupons(7);
my $start = Time::HiRes::time();
my @verdicts = map { verdict($_) } $crowd->ask(map { [ $t->draw(7, $_) ] } 1 .. 40);

is_deeply(\@verdicts, [ (UNAVAILABLE) x 40 ], 'all are told so');
cmp_ok(Time::HiRes::time() - $start, '<', scaled(2), 'in time');
is($t->get('/stores/coupons/my', user => 41)->status(), 200, 'who reads');
cmp_ok(counter(status($t), 'postgres_issue', 'errors'), '>=', 1,
    'the server gave up waiting');
is($t->claim(7, user => 41), ALREADY_ISSUED, 'who has one reads so');

my $coupon = status($t)->{coupon};

is($coupon->{won}, 42, 'all are granted');
cmp_ok($coupon->{pending}, '>=', 40, 'and wait');    # the sweep's, too, if it came by

$hold->rollback();
nothing_lost($t, 7, \@users, [ @verdicts, ISSUED ], 'free again');
is($t->claim(8, user => 1), ISSUED, 'another coupon');
is(status($t)->{coupon}{pending}, 0, 'none is under way');

$t->done();
