# After its time an open breaker lets three calls through, which close it or open
# it again.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use Test::More;

use BB::Ops;
use BB::Process qw(await);
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store');
my $services = BB::Services->new($t, breaker =>
    'bb_store_breaker getStoreLikes window=2 calls=2 failures=100% open=2s
        half_open=1h;
     bb_store_breaker default open=1ms;');

$t->run();
add_stores($t, { id => 5 });

my $GOOD = data(envelope('{"5":true}'));
my $BAD = data('', status => 500);
my @clients = map { $t->new_client() } 1 .. 3;

sub breaker() {
    return join(' ', status($t)->{breakers}{getStoreLikes}->@{qw(state judged)});
}

sub ask($said) {
    my ($answer, @calls) = $services->ask($clients[0], sub($call) { $said },
        GET => '/stores/list', user => 7);

    return @calls ? $answer->body() =~ /"isLiked":true/ ? 't' : 'f' : '-';
}

sub send_all() {
    $_->write(BB::Client::request_bytes(GET => '/stores/list', user => 7))
        for @clients;
    return $services->calls(3);
}

# One that is let through when the time is over; the first trial.
sub first_trial() {
    my $call;

    await(10, sub {
        $clients[0]->write(BB::Client::request_bytes(GET => '/stores/list',
            user => 7));
        await(10, sub { $services->waiting()
            or IO::Select->new($clients[0]->{sock})->can_read(0) });
        return 1 if $services->waiting();
        $clients[0]->answer();
        return 0;
    }) or die "no trial was let through\n";

    return ($services->calls(1))[0];
}

# Two more trials beside the first one.
sub more_trials() {
    $_->write(BB::Client::request_bytes(GET => '/stores/list', user => 7))
        for @clients[ 1, 2 ];
    return $services->calls(2);
}

sub refused($name) {
    my $answer = $t->get('/stores/list', user => 7);

    like($answer->body(), qr/"isLiked":false/, "$name: no fourth call");
    is($services->waiting(), 0, "$name: indeed");
}

sub liked() { return join('', map { $_->answer()->body() =~ /"isLiked":(t|f)/ } @clients) }


is(ask($BAD) . ask($BAD) . ask($GOOD), 'ff-', 'open');
is(breaker(), 'open 0', 'as the status shows');

my @trials = (first_trial(), more_trials());

is(breaker(), 'half_open 0', 'the time is over: half open');
refused('three trials');
$services->say($_, $GOOD, end => 1) for @trials[ 0, 1 ];
ok(await(10, sub { breaker() =~ /half_open 2/ }), 'two trials went well');
refused('two outcomes');
$services->say($trials[2], $GOOD, end => 1);
is(liked(), 'ttt', 'all three got their likes');
is(breaker(), 'closed 0', 'closed');
is(ask($GOOD), 't', 'and calls leave');

is(ask($BAD) . ask($BAD) . ask($BAD), 'ff-', 'open again');
@trials = (first_trial(), more_trials());
$services->say($_, $BAD, end => 1) for @trials;
is(liked(), 'fff', 'three trials fail');
is(breaker(), 'open 0', 'which opens it once more');
is(ask($GOOD), '-', 'no call leaves');

# a client that leaves takes no trial along
my $first = first_trial();
$clients[0]->close();
ok($services->is_left($first), 'the first trial ends without an outcome');
ok(await(10, sub { breaker() eq 'half_open 0' }), 'half open');
@trials = send_all();
refused('three others');
$services->say($_, $GOOD, end => 1) for @trials;
is(liked(), 'ttt', 'which go well');
is(breaker(), 'closed 0', 'closed');

# nor one that began before the breaker opened
my $early = $t->new_client();
$early->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));
my ($begun) = $services->calls(1);
is(ask($BAD) . ask($BAD) . ask($GOOD), 'ff-', 'open');
@trials = (first_trial(), more_trials());
$early->close();
ok($services->is_left($begun), 'an earlier call ends without an outcome');
refused('three trials all the same');
$services->say($_, $GOOD, end => 1) for @trials;
is(liked(), 'ttt', 'which go well');
is(breaker(), 'closed 0', 'closed');

$t->done();
