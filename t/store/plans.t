# The statements of the domain use the indexes that were made for them, on 100,000
# stores.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Plan;
use BB::Test;

my $t = BB::Test->new(nginx => 0)->run();
my $db = $t->db();

# every gugun has some; 3 % are flagged
$db->do(q{INSERT INTO store (store_manager_id, store_code, store_name, detail_info,
        store_thumbnail_image, phone_number, account_number, bank, average_rating,
        monthly_sales_revenue, created_at, is_deleted)
    SELECT n, lpad(to_hex(n), 8, '0'), 'store ' || n, repeat('a', 50),
        'https://a.kr/' || n, '01012345678', '110-' || n, 'bank',
        (n * 7919 % 500) / 100.0, n * 1000, now() - n * interval '1 minute',
        n % 33 = 0
    FROM generate_series(1, 100000) n});
$db->do(q{INSERT INTO delivery_policy (store_id, delivery_price,
        free_delivery_min_price)
    SELECT id, 3000, 50000 FROM store});
$db->do(q{INSERT INTO store_address (store_id, sido_code, gugun_code, address,
        detail_address, zip_code, lat, lon)
    SELECT s.id, g.sido_code, g.code, 'address ' || s.id, '', '06236',
        33 + (s.id * 7907 % 100003) / 20000.6, 126 + (s.id * 104729 % 100019) / 25004.7
    FROM store s
    JOIN (SELECT *, row_number() OVER (ORDER BY code) - 1 AS n FROM gugun) g
        ON g.n = s.id % 230});
$db->do('VACUUM ANALYZE');

# uses: indexes that must be there, others may; whole: tables that may be read from
# end to end besides the regions, which fit in a few blocks
sub check($what, $name, $values, $uses, $whole = '') {
    for my $mode (qw(custom generic)) {
        my $plan = plan_of($db, "store/$name", $mode, @$values);
        my %used = map { $_ => 1 } $plan->indexes();
        my @missing = grep { not $used{$_} } @$uses;
        my @whole = grep { $_ !~ /\A(?:$whole|sido|gugun|sido_alias)\z/ }
            $plan->whole();

        is("@missing | @whole", ' | ', "$what, $mode plan") or diag($plan->text());
    }
}

my @body = (qw(a b c d e f), 1, 1, '서울', '강남구', qw(g h i), 1, 1);

check('S1 check', 'create_check', [ 5, '서울', '강남구' ],
    [ qw(gugun_sido_idx store_store_manager_id_key) ]);
check('S1', 'create', [ 500_000, @body, '[]' ],
    [ qw(gugun_sido_idx store_store_code_key) ]);
check('S2', 'update', [ 5, 5, 't', @body ],
    [ qw(gugun_sido_idx store_pkey delivery_policy_store_id_key
        store_address_store_id_key) ]);
check('S3', 'form', [ 5, 5, 't' ],
    [ qw(store_pkey delivery_policy_store_id_key store_address_store_id_key) ]);
check('S5', 'page', [ 5 ], [ qw(store_pkey store_address_store_id_key) ]);
check('S6', 'manager', [ 5, 5, 't' ], [ qw(store_pkey store_address_store_id_key) ]);
check('S7', 'near', [ 35.5, 128, '3' ],
    [ qw(store_address_location_idx store_pkey) ]);
check('S7, the largest square', 'near', [ 35.5, 128, '5' ],
    [ qw(store_address_location_idx store_pkey) ]);
check('S8', 'region', [ '11', '11680' ],
    [ qw(store_address_region_idx store_pkey) ]);
check('S9', 'policy', [ 5 ], [ qw(store_pkey delivery_policy_store_id_key) ]);
check('S10', 'admin', [ '11', '11680', 'RATE', 13, 0 ],
    [ qw(store_address_region_idx store_pkey) ]);
check('S12', 'gugun', [ '11' ], [ 'gugun_sido_idx' ]);
check('SI1', 'id', [ 5 ], [ 'store_store_manager_id_key' ]);
check('SI2', 'info', [ 5 ], [ qw(store_pkey store_address_store_id_key) ]);
check('SI3', 'name', [ 5 ], [ 'store_pkey' ]);
check('SI4', 'names', [ '{1,2,99}' ], [ 'store_pkey' ]);
check('SI5', 'get', [ 5 ], [ 'store_pkey' ]);
check('SI8', 'simple', [ '{1,2,99}' ], [ 'store_pkey' ]);
check('SI9', 'settlements', [ '{1,2,99}' ],
    [ qw(store_pkey store_address_store_id_key) ]);
check('SI10', 'policies', [ '{1,2,99}' ],
    [ qw(store_pkey delivery_policy_store_id_key) ]);

my $items = '[{"couponId":1,"couponAmount":1,"storeId":1,"deliveryCost":1,'
    . '"actualAmount":1}]';
check('SI7', 'validate_purchase', [ $items, 'DELIVERY', '2024-01-20' ],
    [ 'delivery_policy_store_id_key' ], 'coupon');


# a whole sido may be a large part of the table: found by the index; how the
# stores are joined is the planner's

for my $case ([ 'region', '41', '' ], [ 'admin', '41', undef, 'DATE', 13, 0 ]) {
    my ($name, @values) = @$case;

    for my $mode (qw(custom generic)) {
        my $plan = plan_of($db, "store/$name", $mode, @values);

        ok((grep { $_ eq 'store_address_region_idx' } $plan->indexes()),
            "$name of a whole sido, $mode plan") or diag($plan->text());
    }
}


# the list: of the rows only the page is read, in the order of the index

for my $case (map { ([ $_, 4, 0 ], [ $_, 20, 400 ]) } qw(custom generic auto)) {
    my ($mode, @page) = @$case;
    my $plan = plan_of($db, 'store/list', $mode, @page);
    my ($limit) = grep { $_->{'Node Type'} eq 'Limit' } $plan->nodes();

    is($limit->{Plans}[0]{'Index Name'}, 'store_rating_idx', "S4, page @page, $mode plan")
        or diag($plan->text());

    # a plan for pages of any size is not kept
    is(join(' ', $plan->readers('store_address')), 'store_address_store_id_key',
        'its addresses') if $mode ne 'generic';
}

# what the planner keeps after many runs is as good

for my $call ([ 'list', 4, 0 ], [ 'near', 35.5, 128, '5' ], [ 'region', '11', '11680' ],
    [ 'region', '41', '' ], [ 'admin', '41', undef, 'DATE', 13, 0 ])
{
    my ($name, @values) = @$call;
    my @whole = plan_of($db, "store/$name", 'auto', @values)->whole();

    ok(!(grep { $_ eq 'store_address' } @whole), "$name $values[0] after six runs");
}

$t->done();
