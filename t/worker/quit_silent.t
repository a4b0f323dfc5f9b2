# nginx is told to quit while PostgreSQL is silent: who waits is told so, the workers
# end in time, and the next nginx stores what had been granted.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Loss;
use BB::Process qw(scaled);
use BB::Test;
use Time::HiRes;

my $t = BB::Test->new(workers => 1, location => 'bb_store_coupon_timeout 700ms;',
    http => 'bb_store_sweep 500ms;', postgres_args => 'timeout=500ms lock_timeout=100ms',
    server => 'location = /stores/coupons/8 {
        bb_store coupon;
        bb_store_mount /stores;
        bb_store_coupon_ack claim;
        bb_store_coupon_timeout 700ms;
    }', coupons => [ { id => 7 }, { id => 8 } ])->run();
my %told = (7 => UNAVAILABLE, 8 => ISSUED);

is($t->claim($_, user => 100), ISSUED, "coupon $_ is loaded") for 7, 8;
ok($t->settled(), 'settled');

$t->db()->pause();

my %clients = map { $_ => [ $t->begin_draws($_, [ 1 .. 30 ]) ] } 7, 8;
my $start = Time::HiRes::time();

$t->nginx()->begin_quit();

for my $id (7, 8) {
    my @answers = map { $_->answer() } $clients{$id}->@*;

    is_deeply([ map { verdict($_) } @answers ], [ ($told{$id}) x 30 ],
        "coupon $id: all are answered");

    # as they are told; nginx would wait for it
    $_->close() for $clients{$id}->@*;
}

ok($t->nginx()->quit(), 'nginx ends');
cmp_ok(Time::HiRes::time() - $start, '<', scaled(5), 'in time');
like($t->nginx()->log_text(), qr/granted claims are left to the sweep/, 'and says so');
cmp_ok($t->claims_left(), '>=', 2, 'the intent log keeps them');

$t->db()->resume();
$t->nginx()->start();
nothing_lost($t, $_, [ 1 .. 30, 100 ], [ ($told{$_}) x 30, ISSUED ], "coupon $_")
    for 7, 8;

$t->done();
