# How many usable coupons a user has: GET /client/stores/coupons/count.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    coupons => [
        { id => 12, end => 0, issued => [ 1 ] },
        { id => 6, store => 2, issued => [ 1, { user => 2, used => 1 } ] },
        { id => 5, issued => [ { user => 1, used => 1 } ] },
        { id => 7, deleted => 1, issued => [ 1 ] },
        { id => 8, start => -5, end => -1, issued => [ 1 ] },
        { id => 9, start => 1, issued => [ 1 ] },
    ])->plan(9)->run();

my $uri = '/client/stores/coupons/count';

is_data($t->get($uri, user => 1), '2', 'usable today, of all stores');
is_data($t->get($uri, user => 2), '0', 'all used');
is_data($t->get($uri, user => 3), '0', 'none');
is($t->claim(6, user => 3), ISSUED, 'one is drawn');
is_data($t->get($uri, user => 3), '1', 'and counted');
ok_void($t->post('/client/stores/coupons/6/users/3'), 'it is used');
is_data($t->get($uri, user => 3), '0', 'and counted no more');
is_invalid($t->get($uri), 'userId header is required', 'no userId');
is_invalid($t->get($uri, user => [ 1, 1 ]), qr/userId/, 'two of them');
