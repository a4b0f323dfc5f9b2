# What reads and answers questions stays quick on 2,000,000 of them, and the look for
# messages without a phone number on 300,000 messages: each statement finds its rows
# through its index, whether planned for given values or for any.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Plan;
use BB::Test;

my $QUESTIONS = 2_000_000;

my $t = BB::Test->new(nginx => 0, postgres_conf => BULK)->run();
my $db = $t->db();

# 16,384 stores, 32,768 products, 131,072 users, and a store with one in a hundred
# of all questions; half of them are answered.
my $BUSY = 20_000;

fill($db, [ qw(question answer) ], sub {
    $db->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
            product_name, title, content, created_at)
        SELECT n, CASE WHEN n % 100 = 0 THEN $BUSY ELSE hashint8(n) & 16383 END,
            hashint8(n + 7) & 131071, '봄이',
            'product-' || (hashint8(n + 13) & 32767), '장미 한 다발', '문의', '',
            timestamptz '2024-01-01' + n * interval '20 seconds'
        FROM generate_series(1, $QUESTIONS) n");
    $db->do("INSERT INTO answer (id, content)
        SELECT n, '네' FROM generate_series(1, $QUESTIONS, 2) n");
});

# name, index, values of the parameters, place of is-replied among them
my @statements = (
    [ 'store', 'question_store_idx', [ 77, 77, 't', undef, 20, 0 ], 3 ],
    [ 'product', 'question_product_idx', [ 'product-77', 77, undef, 20, 0 ], 2 ],
    [ 'product_my', 'question_(?:user|product)_idx',
        [ 'product-77', 77, undef, 20, 0 ], 2 ],
    [ 'my', 'question_user_idx', [ 77, undef, 20, 0 ], 1 ],
);

for my $statement (@statements) {
    my ($name, $index, $values, $filter) = @$statement;

    for my $mode (qw(custom generic)) {
        for my $replied (undef, 't', 'f') {
            my @values = @$values;
            my $case = "$name, $mode plan, is-replied " . ($replied // 'absent');

            $values[$filter] = $replied;

            my $plan = plan_of($db, "question/$name", $mode, @values);

            like(join(' ', $plan->readers('question')), qr/\A$index(?: $index)*\z/,
                "$case: $index") or diag($plan->text());
            is(join(' ', grep { $_ ne 'answer_pkey' } $plan->readers('answer')), '',
                "$case: answers by id") or diag($plan->text());
            cmp_ok($plan->blocks(), '<', 1000, "$case: few blocks");
        }
    }
}

for my $mode (qw(custom generic)) {
    my $plan = plan_of($db, 'question/store', $mode, $BUSY, 77, 't', undef, 20, 0);

    cmp_ok($plan->blocks(), '<', 1000, "a busy store, $mode plan: few blocks");
}


# one question, read by the manager of its store, and answered

$db->do("INSERT INTO store (id, store_manager_id, store_code, store_name, detail_info,
        store_thumbnail_image, phone_number, account_number, bank)
    SELECT n, n, n, '', '', '', '', '', '' FROM generate_series(0, 16383) n");
$db->do('VACUUM ANALYZE store');

my $last = $QUESTIONS - 2;      # not answered, of the last ones in the table
my $store = $db->value('SELECT store_id FROM question WHERE id = ?', $last);

for my $mode (qw(custom generic)) {
    my $plan = plan_of($db, 'question/get', $mode, $last, $store);

    is(join(' ', $plan->readers('question')), 'question_pkey question_pkey',
        "get, $mode plan: found and marked by id") or diag($plan->text());
    is(join(' ', $plan->readers('answer')), 'answer_pkey', 'its answer by id');
    cmp_ok($plan->blocks(), '<', 100, 'few blocks');

    my ($failure, @plans) = plans_inside($db, $mode,
        "SELECT failure FROM answer_question($last, '네', $store)");

    is($failure, undef, "answer, $mode plans: no failure");
    is(join(' ', map { $_->whole() } @plans), '', 'no table as a whole')
        or diag(map { $_->text() } @plans);
    is(join(' ', sort map { $_->readers('question') } @plans),
        'question_pkey question_pkey', 'found by id, and for the foreign key')
        or diag(map { $_->text() } @plans);
}


# 200,000 messages were sent, 90,000 are complete, 10,000 wait, 100 of them are due

$db->do(q{INSERT INTO outbox (channel, payload, phone_of, next_try_at, sent_at)
    SELECT 'q', '{}', CASE WHEN n > 290000 THEN n END,
        now() + CASE WHEN n > 299900 THEN interval '-1 minute' ELSE interval '1 hour' END,
        CASE WHEN n <= 200000 THEN now() END
    FROM generate_series(1, 300000) n});
$db->do('VACUUM ANALYZE outbox');

for my $mode (qw(custom generic)) {
    my $plan = plan_of($db, 'question/phone_take', $mode, 10, 3000);

    is(join(' ', sort $plan->readers('outbox')), 'outbox_phone_idx outbox_pkey',
        "phone_take, $mode plan: the due ones by their index")
        or diag($plan->text());
    cmp_ok($plan->blocks(), '<', 500, 'few blocks');
}

$t->done();
