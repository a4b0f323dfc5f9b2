# The private Redis and PostgreSQL of a run, and the state before each
# measurement.  All systems use the same two, one system at a time.

package Bench::Stores;

use v5.36;
use POSIX qw(mktime strftime);
use Time::HiRes qw(sleep);

use BB::Postgres;
use BB::Process qw(await);
use BB::Redis;

# What is durable stays so.  Vacuum and checkpoints are the runner's, between
# measurements, so that none of them falls into one system's seconds.
my %POSTGRES = (fsync => 'on', full_page_writes => 'on',
    synchronous_commit => 'on', shared_buffers => '256MB',
    max_connections => 500, min_wal_size => '1GB', max_wal_size => '4GB',
    checkpoint_timeout => '1h', autovacuum => 'off');

my %REDIS = (appendonly => 'yes', appendfsync => 'everysec',
    'auto-aof-rewrite-percentage' => 0, maxclients => 4000);

my $STORES = 1000;       # ids of four digits
my $FLOWERS = 5;
my $HELD = 3;            # coupons of each user in the reads
my $STOCK = 1_000_000_000;

# the n-th user of bench/load/load.lua
my ($FIRST, $RANGE, $STEP) = (10000000, 89999999, 55621993);
my $HOLDER = 900010000000 - $FIRST;
my $USER = "($HOLDER + $FIRST + n::bigint * $STEP % $RANGE)";

# coupons that are there from the beginning, and the first one of measurements
my $READ_COUPON = 100001;
my ($QUESTION, $PRODUCT) = (1_000_000, 5_000_000);
my $COUPON = 1000001;


sub new($class, %o) {
    return bless { dir => $o{dir}, next => $COUPON,
        postgres => BB::Postgres->new(dir => "$o{dir}/postgres", zone => $ENV{TZ},
            conf => { %POSTGRES }),
        redis => BB::Redis->new(dir => "$o{dir}/redis", conf => { %REDIS }) }, $class;
}


sub start($self) {
    $self->_wal_segments();
    $_->start() for $self->@{qw(postgres redis)};
    $self->_fill();
}


sub redis($self) { return $self->{redis} }

sub db($self) { return $self->{postgres} }


sub stop($self) {
    $_ and eval { $_->stop() } for $self->@{qw(redis postgres)};
}


# For Bench::Cpu; the runner's own session is left out.
sub roots($self) {
    my $own = $self->{session} //= $self->db()->value('SELECT pg_backend_pid()');

    return (redis => [ $self->redis()->pid() ],
        postgres => [ $self->db()->pid(), $own ]);
}


sub today($self, $days = 0) {
    my @now = localtime();

    return strftime('%Y-%m-%d',
        localtime(mktime(0, 0, 12, $now[3] + $days, $now[4], $now[5])));
}


# The tests' data folder has tiny WAL segments; a real server has these.
sub _wal_segments($self) {
    my $postgres = $self->{postgres};
    my $data = "$self->{dir}/postgres/data";
    my @as = defined $postgres->{user} ? ('setpriv', '--reuid', $postgres->{user},
        '--clear-groups', '--regid',
        (getgrgid((getpwnam($postgres->{user}))[3]))[0], '--') : ();
    my $program = BB::Postgres::_program('postgres') =~ s{postgres\z}{pg_resetwal}r;
    my $said = qx(@as $program --wal-segsize=16 -D $data 2>&1);

    die "pg_resetwal failed: $said\n" if $?;
}


sub _fill($self) {
    my $db = $self->db();

    $db->do(qq{
        INSERT INTO store (id, store_manager_id, store_code, store_name,
            detail_info, store_thumbnail_image, phone_number, account_number,
            bank, average_rating)
        SELECT 1000 + n, 1000 + n, to_hex(n + x'10000000'::int),
            '꽃집 ' || (1000 + n), '매일 아침 들어오는 꽃으로 만듭니다.',
            'https://example.com/stores/' || (1000 + n) || '.jpg',
            '0212345678', '110-123-456789', '신한은행', 1 + n % 40 / 10.0
        FROM generate_series(0, $STORES - 1) n});
    $db->do(qq{
        INSERT INTO store_address (store_id, sido_code, gugun_code, address,
            detail_address, zip_code, lat, lon)
        SELECT id, '11', '11680', '서울 강남구 테헤란로 ' || id, '1층', '06220',
            37.5, 127.0
        FROM store});
    $db->do(qq{
        INSERT INTO flower_cargo (store_id, flower_id, flower_name, stock)
        SELECT s.id, f, '꽃 ' || f, $STOCK
        FROM store s, generate_series(1, $FLOWERS) f});
    $self->_coupons($READ_COUPON, 50, 2_000_000_000);
    $db->do('VACUUM ANALYZE');
}


sub _coupons($self, $first, $n, $limit) {
    $self->db()->do(qq{
        INSERT INTO coupon (id, store_id, coupon_code, coupon_name,
            discount_price, min_price, limit_count, start_date, end_date)
        SELECT n, 1000 + n % $STORES, to_hex(n), '봄맞이 할인', 3000, 30000, ?,
            ?::date, ?::date
        FROM generate_series(?::bigint, ?::bigint) n}, $limit, $self->today(-1),
        $self->today(7), $first, $first + $n - 1);
}


# Nobody holds anything, and neither store has work left from before.
sub clear($self) {
    my $db = $self->db();
    my $redis = $self->redis();

    $db->do('TRUNCATE issued_coupon, outbox');
    $db->do('DELETE FROM coupon WHERE id >= ?', $COUPON);
    $db->do('VACUUM ANALYZE coupon');

    $redis->cmd('FLUSHALL', 'SYNC');
    $redis->cmd('BGREWRITEAOF');
    await(10, sub {
        $redis->cmd('INFO', 'persistence') !~ /^aof_rewrite_(?:in_progress|scheduled):1/m;
    }) or die "redis does not rewrite its file\n";

    delete $self->{pool};
}


# New coupons, known to Redis: how many, their limit, and how many holders each
# has.  Returns the first id.
sub coupons($self, $n, %o) {
    my $first = $self->{next};
    my $db = $self->db();
    my $holders = $o{holders} // 0;

    $self->{next} += $n;
    $self->_coupons($first, $n, $o{limit});

    $db->do(qq{
        INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
        SELECT c, $USER, '봄이', '01012345678'
        FROM generate_series(?::bigint, ?::bigint) c,
            generate_series(0, ?::int) n}, $first, $first + $n - 1, $holders - 1)
        if $holders;

    $self->{pool} = [ $first, $n ];
    $self->_load($_, $o{limit}, $holders) for $first .. $first + $n - 1;
    $db->do('VACUUM ANALYZE issued_coupon');
    $db->do('CHECKPOINT');

    return $first;
}


# As a worker loads a coupon, by the same scripts.
sub _load($self, $id, $limit, $holders) {
    my $redis = $self->redis();
    my $key = '{bb:' . $id % 64 . "}:coupon:$id";
    my @owner = (1, $self->{run_id} //= $redis->run_id());

    my $ok = $redis->script('coupon_load_lock', [ "$key:load" ], @owner, 60000);

    for (my $n = 0; $n < $holders; $n += 2000) {
        my $last = $n + 2000 < $holders ? $n + 1999 : $holders - 1;

        $ok &&= $redis->script('coupon_load_users', [ "$key:issued", "$key:load" ],
            @owner, 60000,
            map { $HOLDER + $FIRST + $_ * $STEP % $RANGE } $n .. $last);
    }

    $ok &&= $redis->script('coupon_load', [ $key, "$key:issued", "$key:load" ],
        @owner, $limit, $self->today(-1), $self->today(7), 0, 1,
        mktime(0, 0, 0, (localtime())[3] + 9, (localtime())[4, 5]));

    die "coupon $id could not be loaded into redis\n" if not $ok;
}


# For the reads: each of n users holds a few coupons.
sub holders($self, $n) {
    $self->db()->do(qq{
        INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
        SELECT $READ_COUPON + (n + k * 7) % 50, $USER, '봄이', '01012345678'
        FROM generate_series(0, ?::int) n, generate_series(1, $HELD) k}, $n - 1);
    $self->db()->do('VACUUM ANALYZE issued_coupon');
    $self->db()->do('CHECKPOINT');
}


# For the other reads: of each store a delivery policy, five coupons, and questions
# about its one product, four of five with an answer, the others secret.  What is
# read has the same size for each of the ids: name => [ the first one, how many ].
sub readings($self, $questions) {
    my $db = $self->db();

    $db->do('UPDATE store SET average_rating = 1.05 + id % 40 / 10.0');
    $db->do('INSERT INTO delivery_policy (store_id, delivery_price,
            free_delivery_min_price)
        SELECT id, 3000, 50000 FROM store');
    $db->do(q{INSERT INTO question (id, store_id, user_id, nickname, product_id,
            product_name, title, content, is_secret, created_at)
        SELECT ?::bigint + k * ?::bigint + id - 1000, id, 900000000000 + k, '봄이',
            (?::bigint + id)::text, '봄꽃 다발 ' || id, '언제 받을 수 있나요?',
            '금요일 오전에 받고 싶은데 가능한지 궁금합니다.', k >= ?::int * 0.8,
            now() - k * 7 % 50 * interval '1 day'
        FROM store, generate_series(0, ?::int - 1) k}, $QUESTION, $STORES, $PRODUCT,
        $questions, $questions);
    $db->do(q{INSERT INTO answer (id, content) SELECT id,
            '네, 금요일 오전에 받으실 수 있습니다. 주문하실 때 시간을 적어 주세요.'
        FROM question WHERE NOT is_secret});
    $self->_coupons($self->{next}, 5 * $STORES, 2_000_000_000);
    $self->{next} += 5 * $STORES;
    $db->do('VACUUM ANALYZE');
    $db->do('CHECKPOINT');

    # the first hundred stores may have another coupon
    return (store => [ 1100, $STORES - 100 ],
        product => [ $PRODUCT + 1000, $STORES ],
        question => [ $QUESTION, int($questions * 0.8) * $STORES ]);
}


# Turns the trigger that counts a coupon's rows on or off.
sub count($self, $on) {
    return if $on == ($self->{counts} // 1);

    $self->{counts} = $on ? 1 : 0;
    $self->db()->do('ALTER TABLE issued_coupon '
        . ($on ? 'ENABLE' : 'DISABLE') . ' TRIGGER count_inserted');
}


# Each statement that makes rows takes so many seconds more, without CPU; 0: none.
sub slow($self, $seconds) {
    my $db = $self->db();

    $db->do('DROP TRIGGER IF EXISTS slow ON issued_coupon');
    return if not $seconds;

    $db->do("CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_sleep($seconds); RETURN NULL; END'");
    $db->do('CREATE TRIGGER slow AFTER INSERT ON issued_coupon
        FOR EACH STATEMENT EXECUTE FUNCTION slow()');
}


# How many users hold coupons of this measurement by Redis, and by PostgreSQL.
sub members($self) {
    my ($first, $n) = $self->{pool}->@*;
    my $sum = 0;

    for my $id ($first .. $first + $n - 1) {
        my $members = $self->redis()->cmd('SCARD',
            '{bb:' . $id % 64 . "}:coupon:$id:issued");

        $sum += $members - 1 if $members;
    }

    return $sum;
}


# By the trigger's count, which costs little, if there is one.
sub counted($self) {
    return $self->rows() if not($self->{counts} // 1);

    my ($first, $n) = $self->{pool}->@*;

    return $self->db()->value('SELECT sum(issued_count) FROM coupon
        WHERE id BETWEEN ? AND ?', $first, $first + $n - 1);
}


sub rows($self) {
    my ($first, $n) = $self->{pool}->@*;

    return $self->db()->value('SELECT count(*) FROM issued_coupon
        WHERE coupon_id BETWEEN ? AND ?', $first, $first + $n - 1);
}


# True once PostgreSQL holds what Redis has granted.
sub committed($self, $seconds) {
    my $last = -1;

    return await($seconds, sub {
        my $members = $self->members();
        my $still = $members == $last;

        $last = $members;
        return 1 if $still and $self->counted() == $members;
        sleep(0.02);
        return 0;
    });
}


sub refill($self) {
    $self->db()->do('UPDATE flower_cargo SET stock = ?', $STOCK);
    $self->db()->do('DELETE FROM outbox');
    $self->db()->do('VACUUM FULL ANALYZE flower_cargo');
    $self->db()->do('CHECKPOINT');
}


# How much stock was taken since the last refill.
sub taken($self) {
    return $STORES * $FLOWERS * $STOCK
        - $self->db()->value('SELECT sum(stock) FROM flower_cargo');
}


sub stores($self) { return $STORES }


1;
