# A service that can neither be reached nor refuses, and one whose name nobody knows:
# the time-out of the location ends the call, or its deadline.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Port;
use BB::Services;
use BB::Store;
use BB::Test;

my ($port, $dns) = map { BB::Port::take() } 1, 2;

# its queue of connections is full, the next ones wait
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
    Listen => 1, ReuseAddr => 1) // die "listen: $@\n";
my (@waiting, $full);

for (1 .. 50) {
    push @waiting, IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
        Timeout => 0.5) // do { $full = 1; last };
}

ok($full, 'nobody gets through any more');

# takes questions and is silent
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $dns,
    Proto => 'udp') // die "dns: $@\n";

sub services($mount, $place) {
    return "location /$mount/ { bb_store store; bb_store_mount /$mount/;
            bb_store_call_timeout 300ms; " . join('', map {
                "bb_store_service $_ /$place/; " } qw(product wishlist order-query))
        . '} ';
}

my $t = BB::Test->new(domains => 'store', server => services('late', 'hanging')
        . services('unknown', 'nameless')
    . "location /hanging/ { internal; proxy_pass http://127.0.0.1:$port/; }
       location /hasty/ { internal; proxy_connect_timeout 100ms;
           proxy_pass http://127.0.0.1:$port/; }
       location /nameless/ { internal; resolver 127.0.0.1:$dns ipv6=off;
           set \$name services.example; proxy_pass http://\$name:80; }"
    . services('stopped', 'hasty') =~ s/300ms/10s/r);

BB::Services->new($t, dead => 1);
$t->run();
add_stores($t, { id => 5 });

my $client = $t->new_client();

for my $mount (qw(late stopped unknown)) {
    like($client->request(GET => "/$mount/5/user", user => 7)->body(),
        qr/"isLiked":false,"isSubscribed":false,"sub\w+":null\}/, "$mount: S5");
    like($client->request(GET => "/$mount/list", user => 7)->body(),
        qr/"isLiked":false/, "$mount: S4");
    is_unavailable($client->request(POST => "/$mount/", user => 9, body => store_body()),
        "$mount: S1");
}

my $log = $t->nginx()->log_text();

is(scalar(() = $log =~ /no answer in \d+ ms/g), 10, 'ten calls ended at their deadline');
is(scalar(() = $log =~ /upstream timed out/g), 5,
    'five at the time-out of their location');
is($t->db()->value('SELECT count(*) FROM store'), 1, 'nothing was stored');
is(status($t)->{requests}{error}, 0, 'no 500');
ok(settles($t), 'nothing is in flight');

$t->done();
