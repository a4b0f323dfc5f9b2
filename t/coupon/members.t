# Who drew a coupon, page by page: GET /coupons/{couponId}/members.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    stores => [ { id => 1, manager => 101 }, { id => 2, manager => 102 } ],
    coupons => [
        { id => 5, issued => [
            { user => 30, nickname => '셋째', phone => '3',
                at => '2024-01-20T10:15:00.9' },
            { user => 9, nickname => '둘째', phone => '2',
                at => '2024-01-20T10:15:00.9' },
            { user => 40, nickname => '첫째', phone => '1',
                at => '2024-01-20T10:15:00.1', used => 1 },
            { user => 1, nickname => undef, phone => undef,
                at => '2024-12-31T23:59:59' },
        ] },
        { id => 6, deleted => 1, start => -9, end => -8, issued => [
            { user => 1, nickname => '"', phone => '\\',
                at => '1999-01-01T00:00:00' } ] },
        { id => 7 },
        { id => 8, limit => 3000 },
    ])->run();

my @rows = map {
    my ($nickname, $phone, $at, $used) = @$_;
    qq({"nickname":$nickname,"phoneNumber":$phone,"createdAt":"$at","isUsed":$used})
} [ '"첫째"', '"1"', '2024-01-20T10:15:00', 'true' ],
  [ '"둘째"', '"2"', '2024-01-20T10:15:00', 'false' ],
  [ '"셋째"', '"3"', '2024-01-20T10:15:00', 'false' ],
  [ 'null', 'null', '2024-12-31T23:59:59', 'false' ];

sub members($id, $query, @user) {
    return $t->get("/stores/coupons/$id/members$query",
        @user ? (user => $user[0]) : ());
}

sub page($total, @rows) {
    return '{"data":[' . join(',', @rows) . qq(],"totalCnt":$total});
}


# what and in what order

is_data(members(5, '', 101), page(4, @rows), 'all, by time and user');
is_data(members(6, '', 101), page(1, '{"nickname":"\"","phoneNumber":"\\\\",'
    . '"createdAt":"1999-01-01T00:00:00","isUsed":false}'), 'deleted and expired');
is_data(members(7, '', 101), page(0), 'nobody');

is($t->claim(7, user => 3), ISSUED, 'one is drawn');
my $list = members(7, '', 101)->json()->{data};
is($list->{totalCnt}, 1, 'and counted');
is(substr($list->{data}[0]{createdAt}, 0, 10), $t->today(), 'dated today');
like($list->{data}[0]{createdAt}, qr/T\d\d:\d\d:\d\d\z/, 'in whole seconds');


# pages

my %pages = (
    '?page=0&size=10' => [ 0 .. 3 ], '?size=2' => [ 0, 1 ],
    '?page=1&size=2' => [ 2, 3 ], '?page=1&size=3' => [ 3 ], '?page=2&size=2' => [],
    '?page=-1&size=2' => [ 0, 1 ], '?page=abc&size=2' => [ 0, 1 ],
    '?page=&size=2' => [ 0, 1 ], '?page=1.5&size=2' => [ 0, 1 ],
    '?size=0' => [ 0 .. 3 ], '?size=-1' => [ 0 .. 3 ], '?size=abc' => [ 0 .. 3 ],
    '?size=' => [ 0 .. 3 ], '?size=99999999999' => [ 0 .. 3 ],
    '?page=1&page=0&size=3&size=1' => [ 3 ], '?%70age=%31&size=%33' => [ 3 ],
    '?sort=nickname,desc&x=1' => [ 0 .. 3 ], '?' => [ 0 .. 3 ],
    '?page=9223372036854775807&size=2000' => [], '?page=2147483648&size=1' => [],
    '?page=' . '9' x 40 => [], '?page=-' . '9' x 40 => [ 0 .. 3 ],
);

is_data(members(5, $_, 101), page(4, @rows[ $pages{$_}->@* ]), "members$_")
    for sort keys %pages;

$t->db()->do("INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
    SELECT 8, n, 'a', '1' FROM generate_series(1, 2001) n");

for my $case ([ '', 20 ], [ '?size=0', 20 ], [ '?size=2000', 2000 ],
    [ '?size=2001', 2000 ], [ '?size=' . '9' x 40, 2000 ], [ '?page=1&size=5000', 1 ],
    [ '?page=100', 1 ])
{
    my $data = members(8, $case->[0], 101)->json()->{data};

    is(scalar $data->{data}->@*, $case->[1], "rows of members$case->[0]");
    is($data->{totalCnt}, 2001, 'of all');
}


# failures, in order

is_invalid(members(5, ''), 'userId header is required', 'no userId');
is_fail(members(99, '', 101), '해당 쿠폰이 존재하지 않습니다.', 'no such coupon');
is_fail(members(5, '', 102), '해당 쿠폰에 대한 권한이 없습니다.',
    'the manager of another store');
is_fail(members(6, '', 1), '해당 쿠폰에 대한 권한이 없습니다.', 'who drew it');

$t->done();
