# The half-open time of the user service's breaker ends although nobody calls: numbers
# are asked for in the background without any request.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Test;

my $t = BB::Test->new(domains => 'question', workers => 1, stores => [ { id => 5 } ]);
my $services = BB::Services->new($t, breaker =>
    'bb_store_breaker default window=5 open=1ms trials=3 half_open=3s;');

$t->run();

sub breaker() {
    return join(' ', status($t)->{breakers}{getPhoneNumber}->@{qw(state judged opened)});
}

my @ids = wait_for_number($t, 1 .. 11);

due($t, @ids[ 0 .. 4 ]);
$services->say($_, data('', status => 500), end => 1) for $services->calls(5);
ok(await(10, sub { breaker() eq 'open 0 1' }), 'five failures open it');

# fewer are due than there may be trials
due($t, $ids[5]);
$services->say(($services->calls(1))[0], data(envelope('"1"')), end => 1);
ok(await(10, sub { breaker() eq 'half_open 1 1' }), 'one trial of three goes well');
ok(await(10, sub { message($t, $ids[5]) ne 'waits' }), 'its number comes');

ok(await(10, sub { breaker() eq 'open 0 2' }), 'no other comes: it is open again');

# a look takes no more messages than there may be trials
$t->nginx()->reconfigure(http => $t->nginx()->{http} =~ s/half_open=3s/half_open=1h/r);
due($t, $ids[6]);
$services->say(($services->calls(1))[0], data(envelope('"1"')), end => 1);
ok(await(10, sub { message($t, $ids[6]) ne 'waits' }), 'half open for the next one');
is(breaker(), 'half_open 1 2', 'indeed');

due($t, @ids[ 7 .. 10 ]);
my @calls = $services->calls(2);
is(join('', map { row($t, $_)->{attempts} } @ids[ 7 .. 10 ]), '1100', 'two of four');
is(status($t)->{breakers}{getPhoneNumber}{refused}, 0, 'none was refused');
$services->say($_, data(envelope('"1"')), end => 1) for @calls;
$services->say($_, data(envelope('"1"')), end => 1) for $services->calls(2);
ok(await(10, sub { not grep { message($t, $_) eq 'waits' } @ids[ 7 .. 10 ] }),
    'closed: the other two');

$t->done();
