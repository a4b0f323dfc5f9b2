# Two nginx hosts share the messages that wait for a phone number: each is asked for
# by one of them, also when both look at the same moment.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Nginx;
use BB::Ops;
use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Test;

my $t = BB::Test->new(domains => 'question', workers => 2, stores => [ { id => 5 } ]);
my $services = BB::Services->new($t, quick => '5s');

$t->run();

my $other = BB::Nginx->new(dir => $t->dir() . '/other', redis => $t->redis(),
    postgres => $t->db(), zone => $t->zone(), domains => 'question', workers => 2,
    http => $t->{http}, server => $t->{server})->start();

sub asked() {
    return status($t)->{question}{numbers_asked} + BB::Client->new($other->port('ops'))
        ->request('GET', '/ops/status')->json()->{question}{numbers_asked};
}

my @ids = wait_for_number($t, 1 .. 20);
my $asked = 0;

for my $round (1 .. 3) {
    my $hold = $t->db()->connect();

    $hold->begin_work();
    $hold->do('LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE');
    ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") == 2 }), "round $round: both hosts look");
    $hold->do('UPDATE outbox SET next_try_at = now()');
    $hold->commit();

    my @calls = $services->calls(20);
    my %user = map { $_->{uri} => 1 } @calls;

    is(scalar keys %user, 20, 'each is asked for');
    $services->say($_, data('', status => 500), end => 1) for @calls;
    ok(await(10, sub { $t->db()->value('SELECT min(attempts) FROM outbox') == $round }),
        'an attempt each');
    is($services->waiting(), 0, 'and no other call');
    is(asked(), $asked += 20, 'by both together');
}

is($t->db()->value('SELECT max(attempts) FROM outbox'), 3, 'an attempt a round');

$other->quit();
is_deeply([ $other->faults() ], [], 'the other ended well');

$t->done();
