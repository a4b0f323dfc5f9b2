# A sold-out coupon is answered from the shared zone, with the same answers as by
# Redis, and no longer once something about it has changed.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(workers => 2, coupons => [ map { { id => $_, limit => 3 } } 7 .. 10 ])
    ->run();

sub told($name) { return status($t)->{coupon}{$name} }

# Draws until the zone has learned that so many coupons are sold out.
sub learn($id, $n) {
    return await(10, sub { $t->claim($id, user => 99); told('learned') >= $n });
}

# One draw that no script call decided.
sub is_known($id, $user, $verdict, $name) {
    ok(await(10, sub {
        my ($calls, $known) = map { told($_) } qw(script_calls known_sold_out);
        my $got = $t->claim($id, user => $user);

        return if told('known_sold_out') == $known;
        is($got, $verdict, "$name: the answer");
        is(told('script_calls'), $calls, "$name: without Redis");
        return 1;
    }), $name);
}

sub edit($id, %o) {
    return $t->request('PUT', "/stores/1/coupons/$id", user => 101, body => {
        couponName => 'a', discountPrice => 1, minPrice => 1, limitCount => 3,
        startDate => $t->today(), endDate => $t->today(7), %o });
}

for my $id (7 .. 10) {
    is($t->claim($id, user => $_), ISSUED, "coupon $id, user $_") for 1, 2, 3;
    ok(learn($id, $id - 6), "coupon $id: learned");
    is_known($id, 4, SOLD_OUT, "coupon $id: who has none");
    is_known($id, 2, ALREADY_ISSUED, "coupon $id: who has one");
}

# on both workers at once, whichever answers
ok_void(edit(7, startDate => $t->today(), limitCount => 4), 'one more');
is_deeply($t->draws(7, [ 5 .. 24 ]), { ISSUED => 1, SOLD_OUT => 19 }, 'is given at once');
is(scalar $t->holders(7), 4, 'and stored');

ok_void($t->delete('/stores/1/coupons/8', user => 101), 'deleted');
is_deeply($t->draws(8, [ 1 .. 20 ]), { DELETED => 20 }, 'for everybody at once');

ok_void(edit(9, limitCount => 2), 'fewer than are out');
is_deeply($t->draws(9, [ 1 .. 10 ]), { ALREADY_ISSUED => 3, SOLD_OUT => 7 },
    'changes nothing for those who have one');

# what Redis lost is loaded again, and meanwhile nothing is wrong
$t->redis()->cmd('FLUSHALL');
is_deeply($t->draws(10, [ 1 .. 10 ]), { ALREADY_ISSUED => 3, SOLD_OUT => 7 },
    'Redis was emptied');
ok($t->settled(), 'no claim is left over');
is(scalar $t->holders(10), 3, 'rows');

$t->done();
