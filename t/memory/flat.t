# A worker under everything that happens to it keeps its size and its descriptors:
# draws, duplicates, sold out, reads, edits, bad input, requests that go onward,
# clients that leave, scripts that Redis forgot, connections that it cuts.
# BB_SOAK, seconds: a longer run than the short one.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Store;
use BB::Test;

my $BOUND = 512;         # kB that it may grow after the warm-up
my $WARM_UP = 12;        # rounds: pools, buffers and caches reach their sizes
my $ROUNDS = 12;         # measured, at least
my $SECONDS = $ENV{BB_SOAK} // 0;

my $CONNECTIONS = 7;                # two shared, four of writers, one of the batches

# Of a client that left within a body that it discards nginx itself, with or without
# the module, keeps the socket until the keep-alive ends.
my $t = BB::Test->new(domains => 'coupon store cargo question', upstream => 1,
    postgres_args => 'connections=2',
    http => 'bb_store_sweep 500ms; client_max_body_size 64k; keepalive_timeout 2s;',
    stores => [ { id => 1, manager => 101 } ], coupons => [
        { id => 7, limit => 100_000_000 }, { id => 8, limit => 100_000_000 },
        { id => 9, limit => 0 }, { id => 10, issued => [ 1 .. 300 ] } ]);

add_services($t)->run();
add_stores($t, map { { id => $_ } } 2 .. 60);
$t->db()->do("INSERT INTO question (store_id, user_id, nickname, product_id,
        product_name, title, content)
    SELECT 1, n, '봄이', 'p1', '장미', '문의', repeat('내용 ', 50)
    FROM generate_series(1, 100) n");

my $worker = ($t->nginx()->workers())[0];
my $user = 0;

sub private_dirty() {
    open(my $smaps, '<', "/proc/$worker/smaps_rollup") or die "smaps: $!\n";
    my ($kb) = map { /\APrivate_Dirty: +(\d+) kB/ ? $1 : () } <$smaps>;

    return $kb;
}

sub descriptors() { return scalar(() = glob("/proc/$worker/fd/*")) }

# What is sent to the public listener, with the statuses that are right.
sub some_of_each($round) {
    my %coupon = (couponName => "쿠폰 $round", discountPrice => 500, minPrice => 1000,
        limitCount => 100_000_000, startDate => $t->today(), endDate => $t->today(3));
    my %store = store_body(storeName => "꽃집 $round")->%*;
    my $ids = '[' . join(',', 2 .. 60) . ']';

    return (
        map({ [ 200, $t->draw(7, ++$user) ] } 1 .. 150),
        map({ [ 200, $t->draw(7, $_) ] } 1 .. 40),
        map({ [ 200, $t->draw(9, $_) ] } 1 .. 60),
        map({ [ 200, 'GET', $_, user => 101 ] } (qw(/stores/coupons/my
            /stores/1/coupons /stores/coupons/10/members?size=100 /stores/1
            /stores/list?size=60 /stores/map/region?sido=11&gugun=
            /stores/address/sido /stores/1/flowers/stocks /stores/1/questions
            /stores/questions/product/p1 /stores/questions/my-page)) x 4),
        map({ [ 200, 'PUT', "/stores/1/coupons/$_", user => 101, body => \%coupon ] }
            8, 8, 8, 10),
        map({ [ 200, 'PUT', "/stores/$_", user => 100 + $_, body => \%store ] }
            2 .. 4),
        map({ [ 200, 'POST', '/stores/questions', user => 7, body => { storeId => 1,
            productId => 'p2', productName => '장미', title => '문의',
            content => '언제', nickname => '봄이', isSecret => JSON::PP::false } ] }
            1 .. 3),
        map({ [ 400, 'POST', '/stores/coupons/7', user => 1, body => $_ ] }
            '{', '[]', '{"nickname":', "\xff", '', '{"nickname":"\\u0000"}',
            '[' x 5000, '{"nickname":"' . 'a' x 300 . '"}'),
        map({ [ 400, 'GET', '/stores/coupons/my', user => $_ ] } 'x', '', '9' x 40,
            [ 1, 2 ]),
        [ 413, 'POST', '/stores/coupons/7', user => 1, body => 'a' x 70_000 ],
        [ 415, 'POST', '/stores/coupons/7', user => 1, body => '{}', type => 'a/b' ],
        [ 405, 'DELETE', '/stores/coupons/my', user => 1 ],
        [ 200, 'GET', '/stores/some/where/else?a=b' ],
        [ 200, 'POST', '/stores/some/where/else', body => 'a' x 60_000 ],
        [ 200, 'POST', '/stores/some/where/else', chunks => [ ('b' x 500) x 20 ] ],
    );
}

my (%wrong, %count);

# Requests, which may get a 503 while connections are cut.
sub all_right($cut, @wanted) {
    my @answers = $t->burst(requests => [ map { [ $_->@[ 1 .. $#$_ ] ] } @wanted ],
        on_answer => sub($answers, @) {
            $cut->() if $cut and $answers % 100 == 50;
        });

    for my $i (0 .. $#answers) {
        my ($want, $status) = ($wanted[$i][0], $answers[$i]->status());

        $count{$status}++;
        next if $status == $want or $cut and $status == 503;
        $wrong{"$wanted[$i][1] $wanted[$i][2]: $status, not $want"}++;
    }
}

sub leave() {
    my @clients = map { $t->new_client() } 1 .. 20;

    $_->write(BB::Client::request_bytes($t->draw(8, ++$user))) for @clients;
    $_->close() for @clients[ 0 .. 9 ];

    # half a request
    $_->write("POST /stores/coupons/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
        for @clients[ 10 .. 14 ];
    $_->close() for @clients;
}

sub internal() {
    $t->post('/client/stores/coupons/10/users/' . (1 + $user % 300));
    $t->put("/client/stores/flowers/stocks/add", body => '[{"storeId":1,"stockDtos":'
        . '[{"flowerId":1,"stock":1}],"phoneNumber":"1","userId":1}]');
    $t->get('/client/stores/id', user => 101);
    status($t);
    ready($t);
}

sub all_connected() {
    return await(10, sub { counter(status($t), 'postgres', 'up') == $CONNECTIONS });
}

sub round($n) {
    my @wanted = some_of_each($n);

    all_right(undef, @wanted);
    $t->redis()->cmd(qw(SCRIPT FLUSH));
    all_right(undef, @wanted[ 0 .. 149 ]);
    all_right(sub { $t->redis()->drop_clients() }, @wanted);
    all_right(sub {
        $t->db()->do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
    }, @wanted) if $n % 4 == 0;
    leave();
    internal();

    await(10, sub { (ready($t))[0] == 200 }) or die "not ready after round $n\n";
    all_connected() or die "connections are missing after round $n\n";
    $t->settled(30) or die "claims are left over after round $n\n";
}


internal();
all_connected() or die "no connections\n";

my $files = descriptors();
my $n = 0;

round(++$n) while $n < $WARM_UP;

my $size = private_dirty();
my $end = time() + $SECONDS;
my @sizes;

while (@sizes < $ROUNDS or time() < $end) {
    round(++$n);
    push @sizes, private_dirty();
    note("round $n: $sizes[-1] kB") if @sizes % 12 == 0;
}

note('answers: ', join(', ', map { "$count{$_} of status $_" } sort keys %count));
is_deeply(\%wrong, {}, 'all answers were right');
ok($count{200}, 'there were some');
is(($t->nginx()->workers())[0], $worker, 'the same worker');
cmp_ok($sizes[-1] - $size, '<=', $BOUND,
    "$sizes[-1] kB after $n rounds, $size kB after $WARM_UP");
ok(await(10, sub { descriptors() <= $files }), "$files descriptors, as before")
    or diag(join("\n", map { readlink($_) // () } glob("/proc/$worker/fd/*")));

$t->done();
