# The breaker of an operation opens by the share of failed calls among the last
# ones, and while it is open no call leaves.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store question');
my $services = BB::Services->new($t, breaker => '');      # the defaults

$t->run();
add_stores($t, { id => 5 });

my $client = $t->new_client();
my $GOOD = data(envelope('{"5":true}'));
my $FAIL = data('{"data":null,"message":"x","errorCode":"CE-01","result":"FAIL"}');
my $BAD = data('', status => 500);

# Asks for the list once for each of these answers; returns what came of them, and
# a "-" for each call that did not leave.
sub ask(@said) {
    return join('', map {
        my $said = $_;
        my ($answer, @calls) = $services->ask($client, sub($call) { $said },
            GET => '/stores/list', user => 7);

        @calls ? $answer->body() =~ /"isLiked":true/ ? 't' : 'f'
            : $answer->body() =~ /"isLiked":false/ ? '-' : '?';
    } @said);
}

sub breaker($name = 'getStoreLikes') {
    my $breaker = status($t)->{breakers}{$name};

    return join(' ', $breaker->@{qw(state judged failed slow passed refused failures
        opened)});
}

# By a restart, as the state survives a reload.
sub fresh() {
    $client->close();
    $t->nginx()->quit();
    $t->nginx()->start();
}

is_deeply([ sort keys status($t)->{breakers}->%* ], [ qw(getPhoneNumber getStoreLikes
    getStoreSubscriptions getSubscriptionProductId) ], 'four breakers');
is(breaker(), 'closed 0 0 0 0 0 0 0', 'at first');
is($_->{since}, status($t)->{started}, 'since the zone was made')
    for values status($t)->{breakers}->%*;
is_deeply($_->{numbers}, { window => 10, calls => 5, failures => 20, slow_calls => 20,
        slow_ms => 5000, open_ms => 300_000, trials => 3, half_open_ms => 60_000 },
    'the numbers of the contract') for values status($t)->{breakers}->%*;

is(ask(($BAD) x 4), 'ffff', 'four failures are too few to judge');
is(breaker(), 'closed 4 4 0 4 0 4 0', 'and counted');
is(ask($BAD), 'f', 'the fifth opens it');
is(breaker(), 'open 0 0 0 5 0 5 1', 'as the status shows');
is(ask(($GOOD) x 3), '---', 'now no call leaves');
is(breaker(), 'open 0 0 0 5 3 5 1', 'which is counted');
is($services->waiting(), 0, 'indeed');
cmp_ok(abs(status($t)->{breakers}{getStoreLikes}{since} - time()), '<=', 10, 'since now');

fresh();
is(ask(($GOOD) x 4, $BAD, $GOOD), 'ttttf-', 'one of five is 20 %');

fresh();
is(ask(($GOOD) x 9, $BAD), 'tttttttttf', 'one of ten is not');
is(breaker(), 'closed 10 1 0 10 0 1 0', 'ten are judged');
is(ask(($GOOD) x 9), 't' x 9, 'as long as it is the only one of ten');
is(breaker(), 'closed 10 1 0 19 0 1 0', 'it is there');
is(ask($GOOD), 't', 'one more');
is(breaker(), 'closed 10 0 0 20 0 1 0', 'and it is gone');
is(ask($BAD, ($GOOD) x 9, $BAD), 'fttttttttt' . 'f', 'another one, and one ten later');
is(ask(($GOOD) x 8, $BAD, $GOOD), 't' x 8 . 'f-', 'two of ten open it');

fresh();
is(ask(($FAIL) x 20, $GOOD), 'f' x 20 . 't', 'a FAIL is no failure of the service');
is(breaker(), 'closed 10 0 0 21 0 0 0', 'it is judged as a success');

for my $case ([ 404 => data('', status => 404) ], [ 'HTML' => data('<html>') ],
    [ 'no answer' => '' ], [ 'half an answer' => substr($GOOD, 0, -9) ],
    [ 'a wrong type' => data(envelope('[]')) ])
{
    my ($name, $said) = @$case;

    fresh();
    is(ask(($said) x 6), 'fffff-', "$name counts");
}

# what does not answer in time has failed, and is not slow for that
fresh();
for (1 .. 5) {
    $client->write(BB::Client::request_bytes(GET => '/quick/list', user => 7));
    $services->is_left(($services->calls(1))[0]);
    like($client->answer()->body(), qr/"isLiked":false/, 'no answer in time');
    is(breaker() =~ s/^closed //r, "$_ $_ 0 $_ 0 $_ 0", 'counts as failed') if $_ < 5;
}
is(breaker(), 'open 0 0 0 5 0 5 1', 'five open it');
is(ask($GOOD), '-', 'no call leaves');

# and where nobody listens
fresh();
$services->deafen();
like($t->get('/stores/list', user => 7)->body(), qr/"isLiked":false/, 'no connection')
    for 1 .. 5;
is(breaker(), 'open 0 0 0 5 0 5 1', 'five open it');
$services->listen();
is(ask($GOOD), '-', 'no call leaves');


# each operation has its own

for my $case ([ 'getSubscriptionProductId', '/store\?store-id', 'true,true,null' ],
    [ 'getStoreLikes', '/likes/', 'false,true,"x"' ],
    [ 'getStoreSubscriptions', '/subs/', 'true,false,"x"' ])
{
    my ($name, $path, $shown) = @$case;

    fresh();

    for my $n (1 .. 6) {
        my ($answer, @made) = $services->ask($client, sub($call) {
            $call->{uri} =~ m{$path} ? $BAD : data(envelope($call->{uri} =~ /store-id/
                ? '{"subscriptionProductId":"x"}' : '{"5":true}'))
        }, GET => '/stores/5/user', user => 7);

        is(scalar @made, $n < 6 ? 3 : 2, "$name: calls of request $n");
        is(join(',', $answer->body() =~
            /"(?:isLiked|isSubscribed|subscriptionProductId)":("[^"]*"|\w+)/g), $shown,
            'which has its fallback');
    }

    is(breaker($name), 'open 0 0 0 5 1 5 1', "$name: open");
    is(scalar(grep { $_->{state} eq 'closed' } values status($t)->{breakers}->%*), 3,
        'the others are not');
}

fresh();

# the user service fails: subscriptions go on
my @ids = wait_for_number($t, 1 .. 6);

due($t, @ids[ 0 .. 4 ]);
$services->say($_, $BAD, end => 1) for $services->calls(5);
ok(await(10, sub { breaker('getPhoneNumber') eq 'open 0 0 0 5 0 5 1' }),
    'no call for a number any more');
like(breaker('getStoreSubscriptions'), qr/^closed/, 'its own breaker');

my ($again) = $services->ask($client, sub($call) { data(envelope('{"5":true}')) },
    GET => '/stores/5/user', user => 7);
like($again->body(), qr/"isSubscribed":true/, 'subscriptions are asked for');

# the flowers have none
for (1 .. 20) {
    my ($answer, @calls) = $services->ask($client, sub($call) { $BAD },
        POST => '/stores/', user => 9, body => store_body());

    @calls == 1 && $answer->status() == 503 or fail('a call for flowers'), last;
}

my ($made) = $services->ask($client, sub($call) { data(envelope('[]')) },
    POST => '/stores/', user => 9, body => store_body());
is($made->json()->{result}, 'SUCCESS', '20 failures switch off no call for flowers');

$t->done();
