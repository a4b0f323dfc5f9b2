# Another service uses a coupon of a user: POST
# /client/stores/coupons/{couponId}/users/{userId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(coupons => [
    { id => 5, issued => [ 1, 2, 3, { user => 4, used => 1 } ] },
    { id => 6, start => -5, end => -1, issued => [ 1, { user => 2, used => 1 } ] },
    { id => 7, deleted => 1, issued => [ 1 ] },
    { id => 8, start => 1, issued => [ 1 ] },
    { id => 9, start => 0, end => 0, issued => [ 1 ] },
])->run();

my $NOT_ISSUED = '발급된적 없는 쿠폰입니다.';
my $USED = '이미 사용한 쿠폰입니다.';

sub use_coupon($id, $user, %o) {
    return $t->post("/client/stores/coupons/$id/users/$user", %o);
}

sub used() {
    return [ map { "$_->[0]/$_->[1]" } $t->db()->rows('SELECT coupon_id, user_id
        FROM issued_coupon WHERE is_used ORDER BY 1, 2') ];
}


# failures, in order

is_fail(use_coupon(5, 99), $NOT_ISSUED, 'not issued to this user');
is_fail(use_coupon(99, 1), $NOT_ISSUED, 'no such coupon');
is_fail(use_coupon(-1, -1), $NOT_ISSUED, 'negative ids');
is_fail(use_coupon(5, 4), $USED, 'used already');
is_fail(use_coupon(6, 2), $USED, 'used already, expired');
is_fail(use_coupon(6, 1), '기한이 만료된 쿠폰입니다.', 'expired');
is_deeply(used(), [ '5/4', '6/2' ], 'nothing was used');


# success

ok_void(use_coupon(5, 1), 'used');
is_fail(use_coupon(5, 1), $USED, 'once only');
ok_void(use_coupon(7, 1), 'deleted');
ok_void(use_coupon(8, 1), 'not started');
ok_void(use_coupon(9, 1), 'on its last day');
ok_void(use_coupon(5, 2, user => 'x', body => '{', type => 'text/plain'),
    'neither header nor body are read');
is_deeply(used(), [ qw(5/1 5/2 5/4 6/2 7/1 8/1 9/1) ], 'these and no other');


# in parallel

my %count;
my @answers = BB::Client::burst($t->nginx()->port('internal'), connections => 20,
    requests => [ map { [ 'POST', '/client/stores/coupons/5/users/3' ] } 1 .. 100 ]);

$count{$_->body()}++ for @answers;
is_deeply([ sort { $a <=> $b } values %count ], [ 1, 99 ], 'one of 100 succeeds');
is($count{''}, 1, 'with an empty body');

$t->done();
