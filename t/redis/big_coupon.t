# A coupon with fifty thousand holders is loaded in chunks, while others draw it.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $HOLDERS = 50_000;
my $t = BB::Test->new(workers => 2, coupons => [ { id => 7, limit => $HOLDERS + 100 },
    { id => 8 } ])->run();

$t->db()->do("INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
    SELECT 7, n, '봄이', '1' FROM generate_series(1, $HOLDERS) n");

my @users = $HOLDERS - 99 .. $HOLDERS + 200;

is_deeply($t->draws(7, \@users), { ALREADY_ISSUED => 100, ISSUED => 100,
    SOLD_OUT => 100 }, 'each reads what holds');
ok($t->settled(), 'no claim is left over');
is($t->redis()->cmd('SCARD', $t->key(7, ':issued')), $HOLDERS + 101,
    'all members and the sentinel');
is($t->db()->value('SELECT count(*) FROM issued_coupon WHERE coupon_id = 7'),
    $HOLDERS + 100, 'all rows');
is($t->claim(7, user => 1), ALREADY_ISSUED, 'the first');
is($t->claim(8, user => 1), ISSUED, 'another coupon');

$t->done();
