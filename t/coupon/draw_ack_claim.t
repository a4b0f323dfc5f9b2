# A draw that is acknowledged at the claim reaches the database behind the answer.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(location => 'bb_store_coupon_ack claim;',
    coupons => [ { id => 7, limit => 2 } ])->plan(7)->run();

is($t->claim(7, user => 1), ISSUED, 'drawn');
is($t->claim(7, user => 1), ALREADY_ISSUED, 'once only');
is($t->claim(7, user => 2), ISSUED, 'the last one');
is($t->claim(7, user => 3), SOLD_OUT, 'no third');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ 1, 2 ], 'two rows');
is_deeply([ $t->members(7) ], [ 1, 2 ], 'two members');
