# A client that leaves ends its calls, counts for no breaker and harms nobody; an
# old worker that calls others finishes them first.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store');
my $services = BB::Services->new($t,
    breaker => 'bb_store_breaker default calls=1 window=1;');

$t->run();
add_stores($t, { id => 5 });
$t->db()->do("SELECT setval(pg_get_serial_sequence('$_', 'id'), 10)")
    for qw(store store_address);

my $LIKED = data(envelope('{"5":true,"subscriptionProductId":"x"}'));
my @PAGE = (GET => '/stores/5/user', user => 7);

for my $request ([ 3, @PAGE ], [ 1, GET => '/stores/list', user => 7 ],
    [ 1, POST => '/stores/', user => 9, body => store_body() ])
{
    my ($n, @request) = @$request;
    my $client = $t->new_client();

    $client->write(BB::Client::request_bytes(@request));
    my @calls = $services->calls($n);
    $client->close();
    is(scalar grep({ $services->is_left($_) } @calls), $n,
        "$request[0] $request[1]: its calls end with it");
}

is($t->db()->value('SELECT count(*) FROM store'), 1, 'nothing was stored');
is(join(' ', map { "$_->{state} $_->{failures}" }
    values status($t)->{breakers}->%*), join(' ', ('closed 0') x 4),
    'no breaker has counted anything');

my @clients = map { $t->new_client() } 1 .. 3;

# the old worker answers all that was asked of it
$_->write(BB::Client::request_bytes(@PAGE)) for @clients[ 0, 1 ];
my @calls = $services->calls(6);
my @old = $t->nginx()->reload();

ok($t->nginx()->are_alive(@old), 'the old worker waits');
$services->say($_, data(envelope($_->{uri} =~ /store-id/
    ? '{"subscriptionProductId":"x"}' : '{"5":true}')), end => 1) for @calls;
like($clients[$_]->answer()->body(), qr/:true,"isSubscribed":true,"sub\w+":"x"\}/,
    'answered after the reload') for 0, 1;
ok($t->nginx()->gone(@old), 'then it ends');

$clients[2]->write(BB::Client::request_bytes(POST => '/stores/', user => 9,
    body => store_body()));
my ($call) = $services->calls(1);
$t->nginx()->begin_quit();
$services->say($call, data(envelope('[{"flowerId":1,"flowerName":"a"}]')), end => 1);
like($clients[2]->answer()->body(), qr/"data":11,/, 'answered while nginx quits');
ok($t->nginx()->quit(), 'then it ends');
is($t->db()->value('SELECT count(*) FROM flower_cargo'), 1, 'the store is whole');

$t->done();
