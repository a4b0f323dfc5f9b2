# Redis behind a unix socket.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(coupons => [ { id => 7 } ], redis_conf => {
    unixsocket => 'redis.sock', unixsocketperm => 777 })->run();
my $socket = $t->dir() . '/redis/redis.sock';

$t->nginx()->reconfigure(redis_url => "unix:$socket?db=2");
is($t->claim(7, user => 1), ISSUED, 'drawn');
like($t->redis()->cmd(qw(CLIENT LIST TYPE normal)),
    qr{addr=\S+sock:0 .* name=bb_store .* flags=U db=2 }, 'through the socket');

$t->redis()->restart();
my $verdict = $t->claim(7, user => 2);

like($verdict, qr/\A(?:ISSUED|UNAVAILABLE)\z/, 'restarted: a draw');
like($t->claim(7, user => 2), qr/\A(?:ISSUED|ALREADY_ISSUED)\z/, 'and the next');

$t->redis()->stop();
is_unavailable($t->request($t->draw(7, 3)), 'nobody behind the socket');
like((ready($t))[1]{redis}, qr/No such file|refused/, 'as /readyz says');

$t->done();
