# A reload that gives the zone another name or another size makes a new one: the
# breakers are closed there, and calls of old workers end in the old one.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Process qw(await);
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store');
my $services = BB::Services->new($t, breaker =>
    'bb_store_breaker default window=2 calls=2 failures=100%;');

$t->run();
add_stores($t, { id => 5 });

my $GOOD = data(envelope('{"5":true}'));
my $BAD = data('', status => 500);

sub breaker() {
    return join(' ', status($t)->{breakers}{getStoreLikes}->@{qw(state judged opened)});
}

# A call that waits, of a client of its own.
sub waiting_call() {
    my $client = $t->new_client();

    $client->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));
    return ($client, $services->calls(1));
}

for my $next ('bb:9m', 'other:9m', 'bb:8m') {
    my $now = $t->nginx()->{shared};
    my ($client, $call) = waiting_call();
    my ($failing, $failed) = waiting_call();

    is(breaker(), 'closed 0 0', "$now: new");

    for (1, 2) {
        my ($bad, $bad_call) = waiting_call();

        $services->say($bad_call, $BAD, end => 1);
        like($bad->answer()->body(), qr/"isLiked":false/, 'a call fails');
    }

    is(breaker(), 'open 0 1', "$now: open");

    $t->nginx()->configure(shared => $next);
    my @old = $t->nginx()->reload();

    # the old worker listens for a moment more
    ok(await(10, sub { breaker() eq 'closed 0 0' }), "$next: closed");
    ok($t->nginx()->are_alive(@old), 'the old worker waits for its calls');
    $services->say($call, $GOOD, end => 1);
    $services->say($failed, $BAD, end => 1);
    like($client->answer()->body(), qr/"isLiked":true/, 'one is answered well');
    like($failing->answer()->body(), qr/"isLiked":false/, 'one is not');
    ok($t->nginx()->gone(@old), 'then it ends');
    is(breaker(), 'closed 0 0', 'and neither counts in the new zone');
}

# the same zone after all: it is as it was
my ($bad, $call) = waiting_call();
$services->say($call, $BAD, end => 1);
like($bad->answer()->body(), qr/"isLiked":false/, 'a call fails');
$t->nginx()->reconfigure();
is(breaker(), 'closed 1 0', 'a failure is remembered over a reload');

$t->done();
