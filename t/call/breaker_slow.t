# Calls that take long open a breaker even if they are answered well, and a trial
# whose outcome does not come ends the half-open time.

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
    'bb_store_breaker default window=4 calls=4 slow_calls=50% failures=100%
        slow=200ms open=1ms half_open=3s trials=1;');

$t->run();
add_stores($t, { id => 5 });

my $client = $t->new_client();
my $GOOD = data(envelope('{"5":true}'));

sub breaker() {
    return join(' ', status($t)->{breakers}{getStoreLikes}->@{qw(state judged slow)});
}

# One call that is answered after so many seconds, or at once.
sub call($seconds = 0) {
    $client->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));

    my ($call) = $services->calls(1);

    await($seconds, sub { 0 }) if $seconds;
    $services->say($call, $GOOD, end => 1);
    return $client->answer()->body() =~ /"isLiked":(t|f)/ ? $1 : '?';
}

is(join('', call(0.25), map { call() } 1 .. 3), 'tttt', 'one of four is slow');
is(breaker(), 'closed 4 1', 'as long as it is one of the last four');
is(call(), 't', 'another one');
is(breaker(), 'closed 4 0', 'and it is not');

# a new zone
$t->nginx()->quit();
$t->nginx()->start();
$client->close();
is(call(0.25) . call(0.25) . call(), 'ttt', 'three calls are too few to judge');
is(breaker(), 'closed 3 2', 'and counted');
is(call(), 't', 'the fourth');
like(breaker(), qr/^open/, 'two of four are 50 %, which opens it');

# its time is over at once: the next call is a trial, which hangs
my $hung = $t->new_client();
$hung->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));
my ($trial) = $services->calls(1);

like(breaker(), qr/^half_open 0/, 'half open');
like($t->get('/stores/list', user => 7)->body(), qr/"isLiked":false/, 'no second trial');
ok(await(10, sub { breaker() =~ /^open 0/ }),
    'until the half-open time is over: open, though nobody has called');
is(status($t)->{breakers}{getStoreLikes}{opened}, 2, 'for the second time');

# what a late trial says is heard by its request only
$services->say($trial, $GOOD, end => 1);
like($hung->answer()->body(), qr/"isLiked":true/, 'a late trial has its likes');
like(breaker(), qr/^open 0/, 'and closes nothing');
is(call(), 't', 'the next call is a trial again');
is(breaker(), 'closed 0 0', 'which closes it');

# also if nobody has looked since the time was over
$t->nginx()->reconfigure(http => $t->nginx()->{http} =~ s/half_open=3s/half_open=1ms/r);
$client->close();
$GOOD = data('', status => 500);
is(join('', map { call() } 1 .. 4), 'ffff', 'four failures');
$GOOD = data(envelope('{"5":true}'));
is(call(0.05), 't', 'a trial that takes longer than half open');
like(breaker(), qr/^open/, 'comes too late to close it');

$t->done();
