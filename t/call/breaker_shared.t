# A breaker is the same in all workers, and a reload does not close it.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store', workers => 2,
    server => 'add_header X-Pid $pid always;');
my $services = BB::Services->new($t, breaker => 'bb_store_breaker default window=3;');

$t->run();
add_stores($t, { id => 5 });

my $BAD = data('', status => 500);

# A client of each worker.
sub clients() {
    my %client;

    for (1 .. 1000) {
        my $client = $t->new_client();
        my $pid = $client->request(GET => '/stores/5/delivery-policy')->header('X-Pid');

        $client{$pid} //= $client;
        last if keys %client == 2;
    }

    keys %client == 2 or die "one worker takes all connections\n";
    return values %client;
}

sub ask($client, $said) {
    my ($answer, @calls) = $services->ask($client, sub($call) { $said },
        GET => '/stores/list', user => 7);

    $answer->status() == 200 or die $answer->whole();
    return scalar @calls;
}

sub condition() { return status($t)->{breakers}{getStoreLikes}{state} }

my ($one, $two) = clients();

is(ask($one, $BAD) . ask($two, $BAD), '11', 'a failure in each worker');
is(condition(), 'closed', 'too few');
is(ask($one, $BAD), '1', 'the third');
is(condition(), 'open', 'opens it');
is(ask($one, $BAD) . ask($two, $BAD), '00', 'for both');

$one->close();
$two->close();
ok($t->nginx()->gone($t->nginx()->reload()), 'reloaded');
is(condition(), 'open', 'it is open still');
($one, $two) = clients();
is(ask($one, $BAD) . ask($two, $BAD), '00', 'for both new workers');

# other numbers after a reload: the window grows, and shrinks
$_->close() for $one, $two;
my $http = $t->nginx()->{http};

$t->nginx()->quit();
$t->nginx()->start();
my $client = $t->new_client();
my $GOOD = data(envelope('{"5":true}'));

for my $window (2, 7, 3, 1000, 1) {
    $client->close();
    $t->nginx()->reconfigure(http => $http =~
        s/window=3;/window=$window calls=$window failures=100%;/r);
    is(ask($client, $GOOD), 1, "window=$window: asked") for 1 .. 3;
    is(ask($client, $BAD), 1, 'also badly') if $window > 1;
    is(condition(), 'closed', "window=$window: closed");
}

is(ask($client, $BAD), 1, 'window=1: one failure');
is(condition(), 'open', 'opens it');

# half open: a trial in one worker is one for all
$client->close();
$t->nginx()->reconfigure(http => $http =~
    s/window=3;/window=1 calls=1 trials=1 open=1ms half_open=1h;/r);
($one, $two) = clients();
$one->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));

my ($trial) = $services->calls(1);

is(condition(), 'half_open', 'a trial of one worker');
is(ask($two, $GOOD), '0', 'none of the other');
$services->say($trial, $GOOD, end => 1);
like($one->answer()->body(), qr/"isLiked":true/, 'it goes well');
is(condition(), 'closed', 'which closes it');
is(ask($two, $GOOD), '1', 'for both');

$t->done();
