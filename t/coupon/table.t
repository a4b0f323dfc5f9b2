# The table of the coupons of a store for its manager: GET /{storeId}/coupons.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    stores => [ { id => 1, manager => 101 }, { id => 2, manager => 102 },
        { id => 3, manager => 103, deleted => 1 }, { id => 4, manager => 104 } ],
    coupons => [
        { id => 12, name => '여름', start => 0, end => 0, discount => 0, min => 0,
            limit => 0 },
        { id => 5, code => '9b1de7a0', name => '봄맞이', limit => 100, start => -1,
            end => 6, issued => [ { user => 1, used => 1 }, 2 ] },
        { id => 6, start => 3, end => 4, limit => 2, issued => [ 1, 2 ],
            name => qq(따옴표 " \\ / \n) },
        { id => 7, deleted => 1 },
        { id => 8, start => -5, end => -1 },
        { id => 9, limit => 2147483647, discount => 9007199254740993,
            min => 9223372036854775807, start => '2020-02-29', end => '9999-12-31',
            name => '' },
        { id => 20, store => 2, issued => [ 1 ] },
        { id => 21, store => 3 },
    ])->run();

my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';

sub table($store, @user) {
    return $t->get("/stores/$store/coupons", @user ? (user => $user[0]) : ());
}

sub row($key, $code, $name, $min, $discount, $limit, $unused, $start, $end) {
    return qq({"key":$key,"couponCode":"$code","couponName":"$name",)
        . qq("minPrice":$min,"discountPrice":$discount,"limitCount":$limit,)
        . qq("unusedCount":$unused,"startDate":"$start","endDate":"$end"});
}

# fewer than were issued
$t->db()->do('UPDATE coupon SET limit_count = 1 WHERE id = 6');

is_data(table(1, 101), '{"data":[' . join(',',
    row(5, '9b1de7a0', '봄맞이', 30000, 3000, 100, 98, $t->today(-1), $t->today(6)),
    row(6, '00000006', '따옴표 \" \\\\ / \n', 30000, 3000, 1, 0, $t->today(3),
        $t->today(4)),
    row(9, '00000009', '', '9223372036854775807', '9007199254740993', 2147483647,
        2147483647, '2020-02-29', '9999-12-31'),
    row(12, '0000000c', '여름', 0, 0, 0, 0, $t->today(), $t->today()),
    ) . ']}', 'neither deleted nor expired, by id');

is_data(table(2, 102), '{"data":[' . row(20, '00000014', '쿠폰 20', 30000, 3000,
    100, 99, $t->today(-1), $t->today(7)) . ']}', 'another store');
is_data(table(4, 104), '{"data":[]}', 'a store without coupons');
is_data($t->get('/stores/4/coupons?page=1&size=x', user => 104), '{"data":[]}',
    'parameters that it does not know');

is_invalid(table(1), 'userId header is required', 'no userId');
is_fail(table(1, 102), $NOT_OWNER, 'the manager of another store');
is_fail(table(99, 101), $NOT_OWNER, 'no such store');
is_fail(table(-1, 101), $NOT_OWNER, 'a negative id');
is_fail(table(3, 103), $NOT_OWNER, 'a deleted store');

is($t->claim(20, user => 2), ISSUED, 'one more is issued');
like(table(2, 102)->body(), qr/"unusedCount":98,/, 'and counted');

$t->done();
