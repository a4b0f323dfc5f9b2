# Twenty users for each coupon, over many connections and two workers: exactly as
# many coupons as there are, whichever way they are acknowledged.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $LIMIT = 100;
my @users = 1 .. 20 * $LIMIT;

my $t = BB::Test->new(workers => 2,
    coupons => [ map { { id => $_, limit => $LIMIT } } 7, 8 ],
    server => 'location = /stores/coupons/8 {
        bb_store coupon;
        bb_store_mount /stores;
        bb_store_coupon_ack claim;
    }')->plan(12)->run();

for my $id (7, 8) {
    my %count = $t->draws($id, \@users)->%*;

    is_deeply(\%count, { ISSUED => $LIMIT, SOLD_OUT => @users - $LIMIT },
        "coupon $id: everyone else reads sold out");
    ok($t->settled(), "coupon $id: no claim is left over");

    my @holders = $t->holders($id);

    is(scalar @holders, $LIMIT, "coupon $id: rows");
    is_deeply([ $t->members($id) ], \@holders, "coupon $id: members");
    is($t->redis()->cmd('SCARD', $t->key($id, ':issued')), $LIMIT + 1,
        "coupon $id: and the sentinel");
    is_deeply($t->draws($id, \@holders), { ALREADY_ISSUED => $LIMIT },
        "coupon $id: who has one reads so");
}
