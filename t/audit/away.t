# An audit says so when it cannot ask one of the stores.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Audit;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_audit off;', redis_args => 'timeout=300ms',
    postgres_args => 'timeout=300ms connect_timeout=300ms', coupons => [ { id => 7 } ])
    ->run();

is($t->claim(7, user => 1), ISSUED, 'a draw');
ok($t->settled(), 'no claim is left over');

sub is_away($what, $name) {
    for my $case ([ 'GET', '/ops/coupons/7/audit' ],
        [ 'POST', '/ops/coupons/7/audit?repair=1' ], [ 'GET', '/ops/audit' ])
    {
        my $answer = $t->new_client('ops')->request(@$case);

        is_deeply([ $answer->status(), $answer->body() ],
            [ 503, qq({"failure":"$what does not answer"}) ], "$name: @$case");
    }
}

$t->redis()->pause();
is_away('Redis', 'Redis is silent');
$t->redis()->resume();

$t->redis()->stop();
is_away('Redis', 'Redis is down');
$t->redis()->start();

ok($t->nginx()->logged(qr/redis: \S+ is up/, 2), 'Redis is back');
is_consistent($t, 7, 'the audit, too');

$t->db()->pause();
is_away('PostgreSQL', 'PostgreSQL is silent');
$t->db()->resume();

$t->db()->stop('immediate');
is_away('PostgreSQL', 'PostgreSQL is down');
$t->db()->start();

ok(connected($t), 'PostgreSQL is back');
is_consistent($t, 7, 'the audit, too');


# a client that does not wait

for my $uri ('/ops/coupons/7/audit', '/ops/audit') {
    $t->redis()->pause();

    my $client = $t->new_client('ops');

    $client->write("GET $uri HTTP/1.1\r\nHost: test\r\n\r\n");
    ok(await(10, sub { $t->redis()->unread() }), "$uri: Redis is asked");
    $client->close();
    $t->redis()->resume();
    is_consistent($t, 7, "$uri: the client left, the next one is served");
}

$t->done();
