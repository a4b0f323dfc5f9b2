# A worker that dies takes its trials with it: the half-open time ends, and the
# breaker goes on as if they had failed.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Process qw(await);
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store', workers => 1);
my $services = BB::Services->new($t, breaker =>
    'bb_store_breaker default window=5 open=1ms trials=2 half_open=3s;');

$t->run();
add_stores($t, { id => 5 });

my $client = $t->new_client();
my $GOOD = data(envelope('{"5":true}'));

sub breaker() {
    return join(' ', status($t)->{breakers}{getStoreLikes}->@{qw(state judged opened)});
}

sub ask($said) {
    my ($answer) = $services->ask($client, sub($call) { $said }, GET => '/stores/list',
        user => 7);

    return $answer->body() =~ /"isLiked":(t|f)/ ? $1 : '?';
}

is(join('', map { ask(data('', status => 500)) } 1 .. 5), 'fffff', 'five failures');
is(breaker(), 'open 0 1', 'open it');

my @clients = map { $t->new_client() } 1, 2;

$_->write(BB::Client::request_bytes(GET => '/stores/list', user => 7)) for @clients;

my @trials = $services->calls(2);

is(breaker(), 'half_open 0 1', 'two trials');
$t->nginx()->kill_worker(($t->nginx()->workers())[0]);
ok($services->is_left($_), 'which end with their worker') for @trials;
ok(await(10, sub { breaker() eq 'open 0 2' }), 'half open ends all the same');
is(ask($GOOD) . ask($GOOD), 'tt', 'two trials of the new worker');
is(breaker(), 'closed 0 2', 'close it');

$t->done();
