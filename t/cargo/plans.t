# Stock is found by its key on 1,000,000 rows, also inside the functions that change
# it, whether planned for given values or for any.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Plan;
use BB::Test;

my $STORES = 20_000;
my $FLOWERS = 50;

my $t = BB::Test->new(nginx => 0, postgres_conf => BULK)->run();
my $db = $t->db();

fill($db, [ qw(flower_cargo) ], sub {
    $db->do("INSERT INTO flower_cargo (store_id, flower_id, flower_name, stock)
        SELECT s, f, '장미', 1000 FROM generate_series(1, $STORES) s,
            generate_series(1, $FLOWERS) f");
});
$db->do("INSERT INTO store (id, store_manager_id, store_code, store_name, detail_info,
        store_thumbnail_image, phone_number, account_number, bank)
    SELECT n, n, 'c' || n, '', '', '', '', '', '' FROM generate_series(1, $STORES) n");
$db->do("INSERT INTO idempotency (key, request_hash, created_at)
    SELECT 'k' || n, '', now() - n * interval '1 second'
    FROM generate_series(1, 100000) n");
$db->do('VACUUM ANALYZE');

# The last rows of the table, which a search from its front would find last.
my $rows = join(',', map { '{"storeId":' . ($STORES - $_) . ',"stockDtos":['
    . join(',', map { qq({"flowerId":$_,"stock":1}) } 41 .. $FLOWERS) . ']}' } 0 .. 9);
my $levels = join(',', map { qq({"flowerId":$_,"stock":1}) } 1 .. $FLOWERS);

for my $mode (qw(custom generic)) {
    my $plan = plan_of($db, 'cargo/list', $mode, $STORES, $STORES, 't');

    is(join(' ', $plan->readers('flower_cargo')), 'flower_cargo_pkey',
        "G2, $mode plan: by key") or diag($plan->text());
    cmp_ok($plan->blocks(), '<', 100, 'few blocks');

    for my $case ([ '100 rows added', "change_stock('[$rows]', 1, 'new')" ],
        [ '100 rows subtracted', "change_stock('[$rows]', -1, NULL)" ],
        [ '50 levels set', "set_stock($STORES, '[$levels]')" ])
    {
        my ($name, $call) = @$case;
        my ($answer, @plans) = plans_inside($db, $mode, "SELECT $call");
        my %by = map { $_ => 1 } map { $_->readers('flower_cargo') } @plans;

        unlike($answer // '', qr/[a-z]_/, "$name, $mode plans: no failure");
        is(join(' ', keys %by), 'flower_cargo_pkey', 'by key')
            or diag(map { $_->text() } @plans);
        is(join(' ', map { $_->whole() } @plans), '', 'no table as a whole')
            or diag(map { $_->text() } @plans);
        ok((grep { $_ eq 'idempotency_age_idx' } map { $_->indexes() } @plans),
            'old keys by their age') if $call =~ /new/;
    }
}

$t->done();
