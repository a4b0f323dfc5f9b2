# The background puts right what differs, without anybody's doing.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Audit;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(workers => 2, http => 'bb_store_audit 100ms;', coupons => [
    { id => 7, limit => 3 }, { id => 8 }, { id => 9, end => -1, start => -3 } ])->run();
my $nginx = $t->nginx();

is($t->claim($_, user => 1), ISSUED, "coupon $_ is loaded") for 7, 8;
ok($t->settled(), 'no claim is left over');

# True once that many repairs were counted.
sub repaired($n) { return await(10, sub { status($t)->{audit}{repaired} >= $n }) }


# a place that is kept in vain

$t->redis()->cmd('SADD', $t->key(7, ':issued'), 50, 51);
ok($nginx->logged(qr/\[warn\].*coupon 7 repaired: 0 members added, 2 removed/),
    'members without row are removed');
is_deeply([ $t->members(7) ], [ 1 ], 'the set is right');
is($t->claim(7, user => $_), ISSUED, "user $_ has a place") for 2, 3;
ok($t->settled(), 'no claim is left over');


# an edit that reached PostgreSQL only

$t->db()->do('UPDATE coupon SET limit_count = 4 WHERE id = 7');
ok($nginx->logged(qr/\[warn\].*coupon 7 repaired: .* fields put 1 times/),
    'an edit reaches Redis');
is($t->redis()->cmd('HGET', $t->key(7), 'limit'), 4, 'the limit');
is($t->claim(7, user => 4), ISSUED, 'its place');
ok($t->settled(), 'no claim is left over');


# rows that somebody writes, and a count that is wrong

$t->db()->do("INSERT INTO issued_coupon (coupon_id, user_id) VALUES (8, 60)");
ok($nginx->logged(qr/\[warn\].*coupon 8 repaired: 1 members added/),
    'a row without member');
is($t->claim(8, user => 60), ALREADY_ISSUED, 'is one');

$t->db()->do('UPDATE coupon SET issued_count = 77 WHERE id = 8');
ok($nginx->logged(qr/\[warn\].*coupon 8 repaired: .* issued_count set 1 times/),
    'a wrong count');
is($t->db()->value('SELECT issued_count FROM coupon WHERE id = 8'), 2, 'is right');

ok(repaired(5), 'the status counts repairs');
is_deeply([ status($t)->{audit}->@{qw(coupons failed)} ], [ 2, 0 ],
    'and the coupons that can still be drawn');


# it waits while a store is away, and goes on

for my $server ($t->redis(), $t->db()) {
    $server->stop();
    ok($nginx->logged(qr/(?:connect failed|no connection)/), 'a store is away');
    $server->start();
}

ok(connected($t), 'both are back');

my $round = status($t)->{audit}{round};

ok(await(10, sub { status($t)->{audit}{round} > $round }), 'there are rounds again');
is_consistent($t, $_, "coupon $_ is consistent") for 7, 8;


# the worker that does it is replaced, and a reload can end it

$nginx->kill_worker($_) for $nginx->workers();
$t->db()->do('UPDATE coupon SET issued_count = 78 WHERE id = 8');
ok($nginx->logged(qr/coupon 8 repaired: .* issued_count set 1 times/, 2),
    'another worker goes on');

$nginx->reconfigure(http => 'bb_store_audit off;');
$round = status($t)->{audit}{round};
$t->db()->do('UPDATE coupon SET issued_count = 79 WHERE id = 8');
is(audit($t, 8)->{consistent}, JSON::PP::false, 'off: it stays as it is');
is(status($t)->{audit}{round}, $round, 'off: no round');

$nginx->reconfigure(http => 'bb_store_audit 50ms;');
ok($nginx->logged(qr/coupon 8 repaired: .* issued_count set 1 times/, 3), 'on again');

$t->done();
