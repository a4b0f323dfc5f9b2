# A coupon's row is locked by another session for long: the draws of other coupons go
# on, its own read 503 in time, and all that was granted is stored when the lock is
# gone, or by the next nginx.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Loss;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_sweep 500ms;',
    postgres_args => 'timeout=1500ms', location => 'bb_store_coupon_timeout 2s;',
    coupons => [ map { { id => $_, limit => 10_000 } } 6 .. 9 ])->run();

is($t->claim($_, user => 1000), ISSUED, "coupon $_ is loaded") for 6 .. 9;
ok($t->settled(), 'settled');

# Draws of these coupons by these users, all at the same moment: [ coupon, verdict ].
sub draw_all($coupons, @users) {
    my @draws = map { my $id = $_; map { [ $id, $_ ] } @users } @$coupons;
    my $crowd = BB::Crowd->new($t, scalar @draws);
    my @answers = $crowd->ask(map { [ $t->draw(@$_) ] } @draws);

    return map { [ $draws[$_][0], verdict($answers[$_]) ] } 0 .. $#draws;
}

sub verdicts($id, @answers) {
    my %count;

    $count{ $_->[1] }++ for grep { $_->[0] == $id } @answers;
    return \%count;
}


# one batch with claims of all, and then one coupon alone

my $hold = $t->db()->hold_coupons(7, 9);
my @answers = draw_all([ 7, 8, 9 ], 1 .. 20);

is_deeply(verdicts(8, @answers), { ISSUED => 20 }, 'together: the other one is issued');
is_deeply(verdicts($_, @answers), { UNAVAILABLE => 20 }, "together: coupon $_ is not")
    for 7, 9;

my @clients = $t->begin_draws(7, [ 21 .. 40 ]);

is_deeply($t->draws(8, [ 21 .. 500 ]), { ISSUED => 480 }, 'beside: the other one');
is_deeply($t->draws(6, [ 1 .. 500 ]), { ISSUED => 500 }, 'and a third');
is_deeply([ map { verdict($_->answer()) } @clients ], [ (UNAVAILABLE) x 20 ],
    'the locked one: told so');

my $status = status($t)->{coupon};

cmp_ok($status->{held}, '>=', 60, 'its claims were set aside');
# the sweep may have found some of them in the log as well
cmp_ok($status->{pending}, '>=', 60, 'and wait');
ok($t->nginx()->logged(qr/\[warn\].*coupon $_ is locked by another session/),
    "the log tells of coupon $_") for 7, 9;

my $times = () = $t->nginx()->log_text() =~ /is locked by another session/g;

is($times, 2, 'once for each');

$hold->rollback();
nothing_lost($t, 7, [ 1 .. 40, 1000 ], [ (UNAVAILABLE) x 40, ISSUED ], 'free again');
is(scalar $t->holders(9), 21, 'the other one as well');
is($t->claim(9, user => 50), ISSUED, 'which is drawn again');
is(status($t)->{coupon}{pending}, 0, 'none waits');


# nginx quits while the row is locked

$hold = $t->db()->hold_coupons(7);
@clients = $t->begin_draws(7, [ 101 .. 120 ]);
is($t->claim(8, user => 101 + 500), ISSUED, 'the other one, before');
ok($t->nginx()->quit(), 'nginx quits all the same');
is(scalar(grep { verdict($_->answer()) ne UNAVAILABLE } @clients), 0,
    'who waited is told so');
$hold->rollback();
$t->nginx()->start();
ok($t->settled(), 'the next one has stored what was granted');
is(scalar(grep { $_ > 100 and $_ <= 120 } $t->holders(7)), 20, 'a row for each');

$t->done();
