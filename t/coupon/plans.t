# The statements of the domain stay quick on 5,000,000 issued coupons, 1,000,000 of
# them of one coupon: each finds its rows through its index, whether planned for
# given values or for any.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Plan;
use BB::Test;

my ($STORES, $COUPONS, $ISSUED) = (2_000, 20_000, 5_000_000);
my ($BIG, $HOLDERS, $SOLD_OUT, $USERS) = ($COUPONS, 1_000_000, 2, 500_000);
my $TODAY = '2024-01-15';

my $t = BB::Test->new(nginx => 0, postgres_conf => BULK)->run();
my $db = $t->db();

# Each store has ten coupons, a month apart; two of them can be drawn today.  All
# are issued side by side, every fifth row is one of the big coupon, and half of
# the rows are used.  The users of the others hold eight each.
my $others = $COUPONS - 1;
my $small = $ISSUED - $HOLDERS;

$db->do("INSERT INTO store (id, store_manager_id, store_code, store_name,
        detail_info, store_thumbnail_image, phone_number, account_number, bank)
    SELECT n, n + 100000, lpad(to_hex(n), 8, '0'), '꽃집 ' || n, '', '', '', '', ''
    FROM generate_series(1, $STORES) n");
$db->do("INSERT INTO coupon (id, store_id, coupon_code, coupon_name,
        discount_price, min_price, limit_count, issued_count, start_date, end_date)
    SELECT n, 1 + n % $STORES, lpad(to_hex(n), 8, '0'), '쿠폰 ' || n, 3000, 30000,
        issued + CASE n WHEN $SOLD_OUT THEN 0 ELSE 1000 END, issued,
        start, start + 60
    FROM generate_series(1, $COUPONS) n,
        date(date '2023-04-01' + (n - 1) / $STORES * 30) start,
        coalesce(CASE n WHEN $BIG THEN $HOLDERS END,
            $small / $others + (n <= $small % $others)::int) issued");
fill($db, [ 'issued_coupon' ], sub {
    $db->do("INSERT INTO issued_coupon (coupon_id, user_id, is_used, nickname,
            phone_number, claim, created_at)
        SELECT CASE big WHEN 1 THEN $BIG ELSE 1 + m % $others END,
            CASE big WHEN 1 THEN 1 + n / 5
                ELSE 1 + (m % $others * 7919 + m / $others * 2459) % $USERS END,
            hashint8(n) & 1 = 1, '봄이', '01012345678', n,
            timestamptz '2023-04-01' + n * interval '5 seconds'
        FROM generate_series(0, $ISSUED - 1) n,
            CAST(n % 5 = 0 AS int) big, CAST(n - n / 5 - 1 AS int) m");
});

is($db->value('SELECT sum(issued_count) FROM coupon'), $ISSUED, 'all are counted');

# a user and a store whose coupon the user can use today
my ($user, $store) = map { @$_ } $db->rows('SELECT i.user_id, c.store_id
    FROM coupon c JOIN issued_coupon i ON i.coupon_id = c.id
    WHERE NOT i.is_used AND c.id <> ? AND ? BETWEEN c.start_date AND c.end_date
    ORDER BY c.id, i.user_id LIMIT 1', $BIG, $TODAY);
my $manager = 100_000 + 1 + $BIG % $STORES;

# how each place that reads coupon and issued_coupon may do so, and how many blocks
# the whole statement may touch
my $BY_STORE = qr/coupon_store_idx/;
my $BY_ID = qr/coupon_pkey/;
my $BY_HOLDER = qr/issued_coupon_pkey/;
my $USABLE = qr/issued_coupon_usable_idx/;
my $MEMBERS = qr/issued_coupon_members_idx|issued_coupon_pkey/;

my @statements = (
    [ 'list', [ $store, $store + 100_000, 't', $TODAY ], $BY_STORE, undef, 50 ],
    [ 'open', [ $store, $TODAY ], $BY_STORE, undef, 50 ],
    [ 'product', [ $store, $user, $TODAY ], $BY_STORE, $BY_HOLDER, 100 ],
    [ 'payment', [ $store, $user, $TODAY, 60_000 ], qr/$BY_STORE|$BY_ID/, $USABLE,
        200 ],
    [ 'my', [ $user, $TODAY ], $BY_ID, $USABLE, 200 ],
    [ 'count', [ $user, $TODAY ], $BY_ID, $USABLE, 200 ],
    [ 'use', [ $BIG, 500_001, $TODAY ], $BY_ID, qr/$USABLE|$BY_HOLDER/, 100 ],
    [ 'load', [ $BIG ], $BY_ID, undef, 10 ],
    [ 'load_users', [ $BIG, 500_000, 10_000 ], undef, $BY_HOLDER, 200 ],
    [ 'members', [ $BIG, $manager, 20, 0 ], $BY_ID, $MEMBERS, 200 ],
    [ 'members', [ $BIG, $manager, 20, 20_000 ], $BY_ID, $MEMBERS, 500 ],
    [ 'members', [ $BIG, $manager, 2000, 0 ], $BY_ID, $MEMBERS, 12_000 ],
    # the index up to there, and no row before the page
    [ 'members', [ $BIG, $manager, 20, $HOLDERS - 20 ], $BY_ID, $MEMBERS, 8_000 ],
    # not the manager: nothing is read
    [ 'members', [ $BIG, $manager + 1, 20, $HOLDERS - 20 ], $BY_ID, undef, 20 ],
);

# Every place that reads the table does it by such an index, and there is one.
sub reads($plan, $table, $by, $name) {
    my @readers = $plan->readers($table);
    my @wrong = grep { not defined $by or $_ !~ /\A(?:$by)\z/ } @readers;

    is("@wrong | " . (@readers ? 1 : 0), ' | ' . (defined $by ? 1 : 0),
        "$name: reads $table") or diag($plan->text());
}

for my $statement (@statements) {
    my ($name, $values, $coupon, $issued, $blocks) = @$statement;

    for my $mode (qw(custom generic)) {
        my $plan = plan_of($db, "coupon/$name", $mode, @$values);
        my $case = "$name @$values, $mode plan";

        reads($plan, 'coupon', $coupon, $case);
        reads($plan, 'issued_coupon', $issued, $case);
        is(join(' ', $plan->whole()), '', "$case: no table as a whole")
            or diag($plan->text());
        cmp_ok($plan->blocks(), '<', $blocks, "$case: few blocks")
            or diag($plan->text());
    }
}


# A batch of 100 is stored through indexes, whatever is in it.

my $claim = 1_700_000_000_000 << 20;

sub batch($mode, @rows) {
    return plans_inside($db, $mode, 'SELECT issue_batch(?, ?, ?, ?, ?)',
        [ map { $_->[0] } @rows ], [ map { $_->[1] } @rows ], [ ('봄이') x @rows ],
        [ ('1') x @rows ], [ map { $claim + $_ } keys @rows ]);
}

my @new = map { 2_000_000 + $_ } 1 .. 100;

for my $case ([ 'of one coupon', '', map { [ $BIG, $_ ] } @new ],
    [ 'of 100 coupons', '', map { [ $_ % 100 * 199 + 100, $_ ] } @new ],
    [ 'of a coupon that is sold out', 'S' x 100, map { [ $SOLD_OUT, $_ ] } @new ],
    [ 'of holders', 'A' x 100, map { [ $BIG, $_ ] } 1 .. 100 ])
{
    my ($name, $verdicts, @rows) = @$case;

    for my $mode (qw(custom generic)) {
        my ($answer, @plans) = batch($mode, @rows);
        my %by = map { $_ => 1 } map { ($_->readers('coupon'),
            $_->readers('issued_coupon')) } @plans;

        is($answer, $verdicts, "100 new users $name, $mode plans: verdicts");
        is(join(' ', map { $_->whole() } @plans), '', 'no table as a whole');
        is_deeply([ grep { $_ !~ /\A(?:issued_)?coupon_pkey\z/ } keys %by ], [],
            'rows by their keys');
        ok($by{coupon_pkey}, 'its statements were seen');
    }
}

$t->done();
