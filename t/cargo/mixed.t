# Sellers set levels while other services add and subtract, all rows of a store at once
# over 64 connections: every change comes wholly before or after every other one, so
# that all rows of a store are always equal, also for who reads them.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(shuffle uniq);
use Test::More;

use BB::Answer;
use BB::Test;

my $FLOWERS = 6;
my $REQUESTS = 1200;
my $NEGATIVE = '{"data":null,"message":"재고는 음수가 될 수 없습니다.",'
    . '"errorCode":"CE-01","result":"FAIL"}';
my $SUCCESS = '{"data":null,"message":null,"errorCode":null,"result":"SUCCESS"}';

# both APIs on one port
my $t = BB::Test->new(domains => 'cargo', workers => 2,
    postgres_conf => { log_lock_waits => 'on' },
    server => 'location /client/stores { bb_store_internal cargo; }',
    stores => [ { id => 1 }, { id => 2 } ])->run();

srand(7);

$t->db()->do("INSERT INTO flower_cargo (store_id, flower_id, stock)
    SELECT s, f, 100
    FROM generate_series(2, 1, -1) s, generate_series($FLOWERS, 1, -1) f");

# Its flowers in any order, each with that number.
sub rows($n) { return map { { flowerId => $_, stock => $n } } shuffle(1 .. $FLOWERS) }

sub set() {
    my $store = 1 + int(rand(2));

    return [ 'PUT', "/stores/$store/flowers/stocks", user => 100 + $store,
        body => { stockModifyDtos => [ rows(int(rand(200))) ] } ];
}

# Of both stores.
sub change($verb) {
    my $n = 1 + int(rand(90));

    return [ 'PUT', "/client/stores/flowers/stocks/$verb",
        body => [ map { { storeId => $_, userId => 7, stockDtos => [ rows($n) ] } }
            shuffle(1, 2) ] ];
}

sub list() {
    my $store = 1 + int(rand(2));

    return [ 'GET', "/stores/$store/flowers/stocks", user => 100 + $store ];
}

my @requests = map { ($_ % 4 == 0) ? set() : ($_ % 4 == 1) ? change('add')
    : ($_ % 4 == 2) ? change('subtract') : list() } 1 .. $REQUESTS;
my @answers = $t->burst(requests => \@requests);
my (%other, %refused);
my ($read, $torn) = (0, 0);

for my $i (0 .. $#requests) {
    my ($method, $uri) = $requests[$i]->@*;
    my $body = $answers[$i]->body();

    if ($method eq 'GET') {
        my @levels = map { $_->{data}[0] }
            $answers[$i]->json()->{data}{stockInfoDtos}->@*;

        $read++ if @levels == $FLOWERS;
        $torn++ if uniq(@levels) != 1;

    } elsif ($body eq $NEGATIVE) {
        $refused{$uri}++;

    } else {
        $other{"$uri $body"}++ if $body ne ($uri =~ /client/ ? $SUCCESS : '');
    }
}

is_deeply(\%other, {}, 'every change succeeded or would have gone below zero');
is_deeply([ keys %refused ], [ '/client/stores/flowers/stocks/subtract' ],
    'which only a subtraction can, and some would');
is($read, $REQUESTS / 4, 'every list had all rows');
is($torn, 0, 'and they were equal');
is_deeply([ $t->db()->column('SELECT count(DISTINCT stock) FROM flower_cargo
    GROUP BY store_id') ], [ 1, 1 ], 'in the end, too');
is($t->db()->value("SELECT count(*) FROM outbox
    WHERE channel = 'new-order-status-queue'"),
    $refused{'/client/stores/flowers/stocks/subtract'}, 'a message for every refusal');

open(my $log, '<', $t->dir() . '/postgres/log') or die "postgres log: $!\n";
is(join('', grep { /deadlock|ERROR/ } <$log>), '', 'no deadlock');

$t->done();
