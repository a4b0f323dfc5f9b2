# Redis does not know all holders, as after two primaries took claims: PostgreSQL
# refuses who is too many, and with the first one Redis learns it.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_audit off;',
    coupons => [ map { { id => $_, limit => 3 } } 7, 8 ],
    server => 'location = /stores/coupons/8 {
        bb_store coupon;
        bb_store_mount /stores;
        bb_store_coupon_ack claim;
    }')->run();

for my $id (7, 8) {
    is($t->claim($id, user => 1), ISSUED, "coupon $id is loaded");
    ok($t->settled(), 'settled');
    $t->db()->do('INSERT INTO issued_coupon (coupon_id, user_id, nickname,
        phone_number) VALUES (?, 2, ?, ?), (?, 3, ?, ?)', ($id, 'a', '1') x 2);

    # with claim, the first one is told before PostgreSQL is asked
    is($t->claim($id, user => 4), $id == 7 ? SOLD_OUT : ISSUED, 'the first one');
    ok($t->settled(), 'refused');
    is($t->claim($id, user => 5), SOLD_OUT, 'the second one');
    is($t->claim($id, user => 4), SOLD_OUT, 'the first one again');
    is($t->claim($id, user => 3), ALREADY_ISSUED, 'who holds it is known');
    is_deeply([ $t->members($id) ], [ 1, 2, 3 ], 'members');
    is_deeply([ $t->holders($id) ], [ 1, 2, 3 ], 'rows');
}

is(status($t)->{coupon}{undone}, 2, 'PostgreSQL was asked once for each');
ok($t->nginx()->logged(qr/\[warn\].*coupon $_ is sold out and Redis did not know/),
    "coupon $_: the log says so") for 7, 8;
like($t->nginx()->log_text(), qr/acknowledged claim of coupon 8 was refused/,
    'and that somebody was told too early');

$t->done();
