# Parallel requests of one seller create one store.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
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

$t->done();
