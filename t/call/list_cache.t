# Pages of the store list come from Redis for some seconds, until a store changes.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Test::More;

use BB::Answer;
use BB::Services;
use BB::Process qw(await);
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store', redis_args => 'timeout=2s');
my $services = BB::Services->new($t);

$t->run();
add_stores($t, { id => 5 }, { id => 6 });
$t->db()->do("SELECT setval(pg_get_serial_sequence('$_', 'id'), 10)")
    for qw(store store_address);

my ($VERSION, $PAGES) = ('{bb:stores}:version', '{bb:stores}:pages');

sub names($query = '', %o) {
    my $answer = $t->get("/stores/list$query", %o);

    return $answer->whole() if $answer->status() != 200;
    return join(' ', map { $_->{storeName} } $answer->json()->{data}{stores}->@*);
}

sub rename_behind($id, $name) {
    $t->db()->do('UPDATE store SET store_name = ? WHERE id = ?', $name, $id);
}

# The page is stored behind the answer; so that it stays for the test, its time is
# taken off.
sub kept($n) {
    await(10, sub { $t->redis()->cmd(HLEN => $PAGES) == $n }) or return 0;
    $t->redis()->cmd(PERSIST => $PAGES);
    return 1;
}

my $client = $t->new_client();

is(names(), '꽃집 5 꽃집 6', 'from PostgreSQL');
ok(await(10, sub { $t->redis()->cmd(EXISTS => $PAGES) }), 'kept');
my $left = $t->redis()->cmd(PTTL => $PAGES);
ok($left > 0 && $left <= 10_000, 'for ten seconds');
ok(kept(1), 'one page');

rename_behind(5, 'b');
is(names(), '꽃집 5 꽃집 6', 'then from Redis');
is(names('?page=0&size=20'), '꽃집 5 꽃집 6', 'the same page by another query');
is(names('?size=1'), 'b', 'another page is another one');
ok(kept(2), 'two pages now');

my ($liked) = $services->ask($client, sub($call) {
    data(envelope('{"5":true,"6":true}')) }, GET => '/stores/list', user => 7);
is(scalar(() = $liked->body() =~ /"isLiked":true/g), 2, 'with likes');
is(scalar(() = $t->get('/stores/list')->body() =~ /"isLiked":false/g), 2,
    'which are not kept');
unlike(join('', $t->redis()->cmd(HVALS => $PAGES)->@*), qr/true/, 'indeed');

ok_void($t->put('/stores/6', user => 106, body => store_body(storeName => 'S2')),
    'a store changes');
is(names(), 'b S2', 'seen at once');
ok(kept(1), 'the old pages are gone');

rename_behind(5, 'c');
my ($made) = $services->ask($client, sub($call) { data(envelope('[]')) },
    POST => '/stores/', user => 9, body => store_body(storeName => 'S1'));
is($made->json()->{result}, 'SUCCESS', 'a new store');
is(names(), 'c S2 S1', 'seen at once');
ok(kept(1), 'kept');

# a failed change leaves the pages as they are
rename_behind(5, 'd');
is($t->put('/stores/6', user => 5, body => store_body())->json()->{result}, 'FAIL',
    'not his store');
is(names(), 'c S2 S1', 'still from Redis');


# a page read before a change is not kept under the new version

store_changed($t);

my $version = $t->redis()->cmd(GET => $VERSION);

is($t->redis()->script('store_page_put', [ $VERSION, $PAGES ], '20:0', $version - 1,
    '5', '{}', 10, 1000), 0, 'too late');
is($t->redis()->cmd(EXISTS => $PAGES), 0, 'it is not there');
is($t->redis()->script('store_page_put', [ $VERSION, $PAGES ], '20:0', $version,
    '5', '{}', 10, 1000), 1, 'in time');
is(join('|', $t->redis()->script('store_page_get', [ $VERSION, $PAGES ],
    '20:0')->@*), "$version|$version 5 {}", 'it is there');
is($t->redis()->script('store_page_put', [ $VERSION, $PAGES ], '20:20', $version,
    '5', '{}', 10, 1), 0, 'as many as there may be');

# all pages go with the first one, whatever comes later
$t->redis()->cmd(EXPIRE => $PAGES, 5000);
is($t->redis()->script('store_page_put', [ $VERSION, $PAGES ], '20:20', $version,
    '5', '{}', 10, 1000), 1, 'another page');
cmp_ok($t->redis()->cmd(TTL => $PAGES), '>', 4000, 'moves no end');
$t->redis()->cmd(PERSIST => $PAGES);
is($t->redis()->script('store_page_put', [ $VERSION, $PAGES ], '20:20', $version,
    '5', '{}', 10, 1000), 1, 'but where there is none');
cmp_ok($t->redis()->cmd(TTL => $PAGES), '<=', 10, 'it makes one');

# what is no page, or one of another version
$t->redis()->cmd(HSET => $PAGES, '20:0', '1 5 {}');
is(names(), 'd S2 S1', 'an old page');
for my $text ($version, "$version ", "$version 5", "$version 5,6") {
    $t->redis()->cmd(HSET => $PAGES, '20:0', $text);
    is(names(), 'd S2 S1', qq(not "$text"));
}

# the request itself: its statement waits for a lock while a store changes, and
# perhaps Redis loses its data as well
for my $case ([ 'a store changes', sub { store_changed($t) } ],
    [ 'Redis is emptied', sub { $t->redis()->cmd('FLUSHALL') } ],
    [ 'both', sub { $t->redis()->cmd('FLUSHALL'); store_changed($t) } ],
    [ 'both, the other way round', sub { store_changed($t);
        $t->redis()->cmd('FLUSHALL') } ])
{
    my ($name, $meanwhile) = @$case;

    # the version that is there is the first one
    $t->redis()->cmd('FLUSHALL');
    store_changed($t);

    my $lock = $t->db()->connect();

    $lock->begin_work();
    $lock->do('LOCK TABLE store_address IN ACCESS EXCLUSIVE MODE');
    $client->write(BB::Client::request_bytes(GET => '/stores/list'));
    ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") }), "$name: the list waits");
    $meanwhile->();
    $lock->rollback();
    is($client->answer()->status(), 200, "$name: it is answered");
    $t->get('/stores/list?page=9') and kept(1);
    is(join(' ', $t->redis()->cmd(HKEYS => $PAGES)->@*), '20:180',
        "$name: and not kept, while a later page is");
}

# the same with a version that the request has made itself
$t->redis()->cmd('FLUSHALL');
is($t->redis()->script('store_page_get', [ $VERSION, $PAGES ], 'x')->[0],
    $t->redis()->cmd(GET => $VERSION), 'a version where there is none');
cmp_ok(store_changed($t), '>', $version, 'and each is a new one');
$t->redis()->cmd(SET => $VERSION, '4503599627370496');
is(store_changed($t), '4503599627370497', 'also where the time is behind');
is($t->redis()->cmd(GET => $VERSION), '4503599627370497', 'to the digit');

# emptied between two requests: nothing is shown that was kept before
$t->redis()->cmd('FLUSHALL');
is(names(), 'd S2 S1', 'an empty Redis');
ok(kept(1), 'keeps the page');


# a change is answered when the cache is invalid, not before

rename_behind(5, 'e');
is(names(), 'd S2 S1', 'from Redis');
my ($before) = $t->redis()->cmd(GET => $VERSION);
my $edit = $t->new_client();
$t->redis()->pause();
$edit->write(BB::Client::request_bytes(PUT => '/stores/6', user => 106,
    body => store_body(storeName => 'S4')));
ok(await(10, sub { $t->db()->value("SELECT count(*) FROM store
    WHERE store_name = 'S4'") }), 'it is committed');
ok(not(IO::Select->new($edit->{sock})->can_read(0)), 'and not answered yet');
$t->redis()->resume();
ok_void($edit->answer(), 'it is');
isnt($t->redis()->cmd(GET => $VERSION), $before, 'the version is another one');
is(names(), 'e S4 S1', 'seen at once');
rename_behind(5, 'd');
$t->put('/stores/6', user => 106, body => store_body(storeName => 'S2'));


# pages that are too large, and too many

$t->db()->do("INSERT INTO store (store_manager_id, store_code, store_name, detail_info,
    store_thumbnail_image, phone_number, account_number, bank)
    SELECT n, 'c' || n, repeat('x', 255), repeat('x', 255), repeat('x', 255), '', '', ''
    FROM generate_series(1001, 1200) n");
store_changed($t);
$t->get('/stores/list?size=200');
$t->get('/stores/list?size=1');
ok(kept(1), 'one of two');
is(join(' ', $t->redis()->cmd(HKEYS => $PAGES)->@*), '1:0', 'not the large one');

# the worker asks for a page on the connection over which it stores the last one
$t->redis()->cmd(HSET => $PAGES, map { ("x$_", '0  ') } 1 .. 999);
$t->get("/stores/list?page=$_&size=1") for 1, 2;
is($t->redis()->cmd(HEXISTS => $PAGES, '1:1'), 0, 'none beyond the thousandth');
$t->redis()->cmd(HDEL => $PAGES, 'x1', 'x2');
$t->get('/stores/list?page=3&size=1');
ok(await(10, sub { $t->redis()->cmd(HEXISTS => $PAGES, '1:3') }), 'until one goes');


# without Redis

$t->db()->do('DELETE FROM store WHERE id > 1000 OR store_name = repeat(?, 255)', 'x');
store_changed($t);
is(names(), 'd S2 S1', 'there is Redis');
ok(kept(1), 'and a page');
$t->redis()->cmd(SET => $PAGES, 'x');
is(names(), 'd S2 S1', 'something else stands there');
rename_behind(5, 'e');
$t->redis()->pause();
is(names(), 'e S2 S1', 'Redis does not answer');
$t->redis()->resume();
$t->redis()->stop();
is(names(), 'e S2 S1', 'it is gone');
ok_void($t->put('/stores/6', user => 106, body => store_body(storeName => 'S3')),
    'a store changes meanwhile');
is(names(), 'e S3 S1', 'seen at once');

$t->done();
