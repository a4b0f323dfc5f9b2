# Trials are judged by the same shares as other calls: all of them together, when the
# last one has ended.

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
my $services = BB::Services->new($t);

$t->run();
add_stores($t, { id => 5 });

my $http = $t->{http};
my @clients = map { $t->new_client() } 1 .. 3;
my %SAID = (t => data(envelope('{"5":true}')), f => data('', status => 500),
    F => data('{"data":null,"message":"x","errorCode":"CE-01","result":"FAIL"}'));

sub breaker() {
    return join(' ', status($t)->{breakers}{getStoreLikes}->@{qw(state judged failed
        slow)});
}

# With these numbers, a new zone, and an open breaker whose time is over.
sub opened($numbers) {
    $_->close() for @clients;
    $t->nginx()->quit();
    $t->nginx()->configure(http => $http =~
        s/bb_store_breaker default .*?;/bb_store_breaker default open=1ms half_open=1h $numbers;/sr);
    $t->nginx()->start();

    # the first one is judged by the numbers of closed breakers, whatever they are
    for (1 .. 50) {
        last if breaker() =~ /^open/;
        $services->ask($clients[0], sub($call) { $SAID{f} }, GET => '/stores/list',
            user => 7);
    }

    is(breaker(), 'open 0 0 0', "$numbers: open");
}

# Three trials at once, answered one after the other as these say.
sub trials($said) {
    $_->write(BB::Client::request_bytes(GET => '/stores/list', user => 7)) for @clients;

    my @calls = $services->calls(3);
    my $n = 0;

    for my $call (@calls) {
        like(breaker(), qr/^half_open $n /, "$said: $n of three");
        $services->say($call, $SAID{ substr($said, $n++, 1) }, end => 1);
        await(10, sub { breaker() =~ /^half_open $n / or $n == 3 });
    }

    await(10, sub { breaker() !~ /^half_open/ });
    $_->answer() for @clients;
    return (split(/ /, breaker()))[0];
}

for my $case ([ '', 'ttt' => 'closed' ], [ '', 'ttf' => 'open' ], [ '', 'fff' => 'open' ],
    [ '', 'FFF' => 'closed' ], [ 'failures=33%', 'ftt' => 'open' ],
    [ 'failures=34%', 'ftt' => 'closed' ], [ 'failures=66%', 'ftf' => 'open' ],
    [ 'failures=67%', 'tff' => 'closed' ], [ 'failures=100%', 'fff' => 'open' ])
{
    my ($numbers, $said, $then) = @$case;

    opened($numbers);
    is(trials($said), $then, "$numbers: $said: $then");
}

# a slow call counts from the very time on that makes it one: all of these are
opened('failures=100% slow=1ms slow_calls=67%');
$_->write(BB::Client::request_bytes(GET => '/stores/list', user => 7)) for @clients;
my @calls = $services->calls(3);
await(0.05, sub { 0 });
$services->say($_, $SAID{t}, end => 1) for @calls;
like($_->answer()->body(), qr/"isLiked":true/, 'a slow trial is answered') for @clients;
is(breaker(), 'open 0 0 0', 'three slow trials open it');

# the window of closed breakers begins anew
opened('failures=50% window=4 calls=2');
is(trials('ttt'), 'closed', 'closed');
is(breaker(), 'closed 0 0 0', 'nothing is judged at first');

# fewer calls than are judged from on: the window is what counts
opened('window=2 calls=1000 failures=100%');
is(trials('ttt'), 'closed', 'a window below calls= is enough');

$t->done();
