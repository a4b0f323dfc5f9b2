# The lists of questions stay quick on 2,000,000 questions: each statement finds
# its rows through its index, whether planned for given values or for any.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Test;

my $QUESTIONS = 2_000_000;

my $t = BB::Test->new(nginx => 0, postgres_conf => { maintenance_work_mem => '128MB',
    wal_level => 'minimal', max_wal_senders => 0, autovacuum => 'off' })->run();
my $db = $t->db();

# 16,384 stores, 32,768 products, 131,072 users, and a store with one in a hundred
# of all questions; half of them are answered.  The indexes come after the rows.
my $BUSY = 20_000;
my @indexes = $db->column("SELECT indexdef FROM pg_indexes
    WHERE tablename = 'question' AND indexname <> 'question_pkey'");

is(scalar @indexes, 3, 'three indexes');
$db->do('SET session_replication_role = replica');     # no foreign keys
$db->do("DROP INDEX $_") for map { /INDEX (\S+)/ } @indexes;
$db->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content, created_at)
    SELECT n, CASE WHEN n % 100 = 0 THEN $BUSY ELSE hashint8(n) & 16383 END,
        hashint8(n + 7) & 131071, '봄이',
        'product-' || (hashint8(n + 13) & 32767), '장미 한 다발', '문의', '',
        timestamptz '2024-01-01' + n * interval '20 seconds'
    FROM generate_series(1, $QUESTIONS) n");
$db->do($_) for @indexes;
$db->do("INSERT INTO answer (id, content)
    SELECT n, '네' FROM generate_series(1, $QUESTIONS, 2) n");
$db->do('VACUUM ANALYZE question, answer');
$db->do('SET session_replication_role = origin');


# name, index, types and values of the parameters; the filter is the one called
# is-replied
my @statements = (
    [ 'store', 'question_store_idx', [ qw(bigint bigint boolean boolean bigint bigint) ],
        [ 77, 77, 't', undef, 20, 0 ], 3 ],
    [ 'product', 'question_product_idx', [ qw(text bigint boolean bigint bigint) ],
        [ 'product-77', 77, undef, 20, 0 ], 2 ],
    [ 'product_my', 'question_(?:user|product)_idx',
        [ qw(text bigint boolean bigint bigint) ],
        [ 'product-77', 77, undef, 20, 0 ], 2 ],
    [ 'my', 'question_user_idx', [ qw(bigint boolean bigint bigint) ],
        [ 77, undef, 20, 0 ], 1 ],
);

# All nodes of a plan that read the table.
sub readers($plan, $table) {
    my @found = ($plan->{'Relation Name'} // '') eq $table ? $plan : ();

    return (@found, map { readers($_, $table) } ($plan->{Plans} // [])->@*);
}

# The index that a node reads by itself or through a bitmap.
sub index_of($node) {
    return join(' ', grep { defined } $node->{'Index Name'},
        map { index_of($_) } grep { $_->{'Node Type'} =~ /Bitmap/ }
            ($node->{Plans} // [])->@*);
}

sub plan_of($name, $values) {
    my $list = join(', ', map { defined $_ ? $db->handle()->quote($_) : 'NULL' } @$values);

    return decode_json($db->value("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
        EXECUTE $name ($list)"))->[0]{Plan};
}

for my $statement (@statements) {
    my ($name, $index, $types, $values, $filter) = @$statement;
    my $file = "$FindBin::Bin/../../sql/question/$name.sql";

    open(my $in, '<', $file) or die "$file: $!\n";
    my $sql = do { local $/; <$in> };

    for my $mode (qw(custom generic)) {
        $db->do("SET plan_cache_mode = force_${mode}_plan");
        $db->do("PREPARE $name (" . join(', ', @$types) . ") AS $sql");

        for my $replied (undef, 't', 'f') {
            my @values = @$values;
            my $case = "$name.sql, $mode plan, is-replied " . ($replied // 'absent');

            $values[$filter] = $replied;

            my $plan = plan_of($name, \@values);
            my @questions = grep { $_->{'Actual Loops'} } readers($plan, 'question');
            my @answers = grep { $_->{'Actual Loops'} } readers($plan, 'answer');

            like(join(' ', map { index_of($_) || 'none' } @questions),
                qr/\A$index(?: $index)*\z/, "$case: $index")
                or diag(encode_json($plan));
            is(scalar(grep { index_of($_) eq 'answer_pkey' } @answers),
                scalar @answers, "$case: answers by id") or diag(encode_json($plan));
            cmp_ok($plan->{'Shared Hit Blocks'} + $plan->{'Shared Read Blocks'}, '<',
                1000, "$case: few blocks");
        }

        if ($name eq 'store') {
            my $plan = plan_of($name, [ $BUSY, @$values[ 1 .. $#$values ] ]);

            cmp_ok($plan->{'Shared Hit Blocks'} + $plan->{'Shared Read Blocks'}, '<',
                1000, "$name.sql, $mode plan: few blocks for a busy store");
        }

        $db->do("DEALLOCATE $name");
    }
}

$t->done();
