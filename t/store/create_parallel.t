# Parallel requests of one seller create one store, and what others change after the
# first look at a request counts.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Client;
use BB::Process qw(await);
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store', workers => 2))->run();

my %count;
my @sellers = map { ($_) x 20 } 1 .. 10;

$count{ $_->status() . ' ' . ($_->json()->{message} // 'stored') }++
    for $t->burst(connections => 40, requests => [ map {
        [ 'POST', '/stores/', user => $_, body => store_body() ] } @sellers ]);

is_deeply(\%count, { '200 stored' => 10,
    '200 둘 이상의 가게를 생성할 수 없습니다.' => 190 },
    'one for each of ten sellers, 190 are told that they have one');
is_deeply([ $t->db()->column('SELECT store_manager_id FROM store ORDER BY 1') ],
    [ 1 .. 10 ], 'ten stores');
is($t->db()->value("SELECT count(*) FROM $_"), 10, "ten rows of $_")
    for qw(delivery_policy store_address);
is($t->db()->value('SELECT count(*) FROM flower_cargo'), 20, 'two flowers each');


# each has been looked at and has its flowers, and waits to be written

my $NO_SIDO = '해당 시/도가 존재하지 않습니다.';
my $NO_GUGUN = '해당 구/군이 존재하지 않습니다.';
my $EXISTS = '둘 이상의 가게를 생성할 수 없습니다.';

for my $case ([ '경기', '수원시', q(DELETE FROM sido_alias WHERE name = '경기'), $NO_SIDO ],
    [ '경기도', '수원시', q(UPDATE gugun SET name = 'x' WHERE code = '41111'), $NO_GUGUN ],
    [ '세종', '', q(INSERT INTO gugun VALUES ('36111', 'x', '36')), $NO_GUGUN ],
    [ '서울', '강남구', q(INSERT INTO store (store_manager_id, store_code, store_name,
            detail_info, store_thumbnail_image, phone_number, account_number, bank)
        VALUES (11, 'x', '', '', '', '', '', '')), $EXISTS ])
{
    my ($sido, $gugun, $change, $failure) = @$case;
    my ($hold, $client) = ($t->db()->connect(), $t->new_client());

    $hold->begin_work();
    $hold->do('LOCK TABLE store IN SHARE MODE');
    $client->write(BB::Client::request_bytes(POST => '/stores/', user => 11,
        body => store_body(sido => $sido, gugun => $gugun)));
    ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") }), "$sido $gugun: the request waits");
    $hold->do($change);
    $hold->commit();
    is_fail($client->answer(), $failure, 'and is refused');
}

is($t->db()->value("SELECT count(*) FROM $_"), 10, "ten rows of $_ as before")
    for qw(delivery_policy store_address);

$t->done();
