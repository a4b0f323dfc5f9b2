# The three calls of a store's page are made at the same time, and it waits for
# all of them, in whatever order they are answered.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store');
my $services = BB::Services->new($t);

$t->run();
add_stores($t, { id => 5 });

my $client = $t->new_client();
my @GOOD = ('{"subscriptionProductId":"x"}', '{"5":true}', '{"5":true}');

for my $order ([ 0, 1, 2 ], [ 0, 2, 1 ], [ 1, 0, 2 ], [ 1, 2, 0 ], [ 2, 0, 1 ],
    [ 2, 1, 0 ])
{
    $client->write(BB::Client::request_bytes(GET => '/stores/5/user', user => 7));

    # none has an answer before all are here
    my @calls = $services->calls(3);

    for my $i (@$order) {
        ok($client->is_closed() == 0 && not(length $client->{buffer}),
            "no answer before call $i has its own");
        $services->say($calls[$i], data(envelope($GOOD[$i])), end => 1);
    }

    like($client->answer()->body(), qr/:true,"isSubscribed":true,"sub\w+":"x"\}/,
        "answered in the order @$order");
}

# two pages asked for in one segment: one after the other
my $ask = BB::Client::request_bytes(GET => '/stores/5/user', user => 7);
my $other = BB::Client::request_bytes(GET => '/stores/5/user', user => 8);

$client->write($ask . $other . BB::Client::request_bytes(GET => '/stores/list'));

for my $user (7, 8) {
    my @calls = $services->calls(3);
    my @users = map { map { /^userId: (\d+)/ } $_->{headers}->@* } @calls;

    is("@users", "$user $user", "the calls of user $user");
    is($services->waiting(), 0, 'and no others');

    my $id = $user == 7 ? 'true' : 'false';

    $services->say($calls[0], data(envelope($GOOD[0])), end => 1);
    $services->say($_, data(envelope(qq({"5":$id}))), end => 1) for @calls[ 1, 2 ];
    like($client->answer()->body(), qr/"isLiked":$id,"isSubscribed":$id,/,
        "and their page");
}

like($client->answer()->body(), qr/"totalCnt":1\}/, 'the request behind them');

# many at once
my @clients = map { $t->new_client() } 1 .. 50;

$clients[$_ - 1]->write(BB::Client::request_bytes(GET => '/stores/5/user', user => $_))
    for 1 .. 50;

for my $call ($services->calls(150)) {
    my ($user) = map { /^userId: (\d+)/ } $call->{headers}->@*;

    $services->say($call, data(envelope(defined $user
        ? '{"5":' . ($user % 2 ? 'true' : 'false') . '}' : $GOOD[0])), end => 1);
}

is(join('', map { $_->answer()->body() =~ /"isLiked":(t|f).*"isSubscribed":\1/ ? $1
    : '?' } @clients), 'tf' x 25, '50 pages at once, each its own');

$t->done();
