# Many clients subtract crossing sets of flowers of two stores at once: no
# deadlock, no negative stock, and exactly what was answered SUCCESS is gone.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(shuffle sum0);
use Test::More;

use BB::Answer;
use BB::Test;

my $STORES = 2;
my $FLOWERS = 6;
my $REQUESTS = 640;
my $NEGATIVE = '재고는 음수가 될 수 없습니다.';

# a deadlock that is answered as a failure is no error, but then it is logged
my $t = BB::Test->new(domains => 'cargo', workers => 2,
    postgres_conf => { log_lock_waits => 'on' },
    stores => [ map { { id => $_ } } 1 .. $STORES ])->run();

srand(11);

# Some flowers of both stores, in any order; [ [ store, flower, amount ], ... ]
sub some($n) {
    my @all = map { my $store = $_; map { [ $store, $_ ] } 1 .. $FLOWERS }
        1 .. $STORES;

    return map { [ @$_, 1 + int(rand(3)) ] } (shuffle(@all))[ 0 .. $n - 1 ];
}

sub request(@rows) {
    return [ 'PUT', '/client/stores/flowers/stocks/subtract', body => [ map {
        { storeId => $_->[0], userId => 1, phoneNumber => '1',
            stockDtos => [ { flowerId => $_->[1], stock => $_->[2] } ] }
    } @rows ] ];
}

# All requests at once over 64 connections, from that stock on.  Returns how
# often each body came.
sub run($name, $stock, @requests) {
    $t->db()->do('DELETE FROM outbox');
    $t->db()->do('DELETE FROM flower_cargo');
    $t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
        SELECT s, f, ? FROM generate_series(1, ?::int) s, generate_series(1, ?::int) f',
        $stock, $STORES, $FLOWERS);

    my @answers = BB::Client::burst($t->nginx()->port('internal'),
        connections => 64, requests => [ map { request(@$_) } @requests ]);
    my (%count, %taken);

    for my $i (0 .. $#requests) {
        my $body = $answers[$i]->body();

        $count{$body}++;
        next if $body !~ /"result":"SUCCESS"/;
        $taken{"$_->[0]/$_->[1]"} += $_->[2] for $requests[$i]->@*;
    }

    my %left = map { $_->[0] => $_->[1] } $t->db()->rows("SELECT
        store_id || '/' || flower_id, stock FROM flower_cargo");

    is_deeply({ map { $_ => $stock - $left{$_} } keys %left },
        { map { $_ => $taken{$_} // 0 } keys %left },
        "$name: what was answered SUCCESS is gone");
    is(scalar(grep { $_ < 0 } values %left), 0, "$name: no negative stock");
    is(scalar(grep { not /"result":"SUCCESS"|\Q$NEGATIVE\E/ } keys %count), 0,
        "$name: no other answers") or diag(join("\n", %count));
    is($t->db()->value("SELECT count(*) FROM outbox
        WHERE channel = 'new-order-status-queue'"),
        sum0(map { $count{$_} } grep { /"result":"FAIL"/ } keys %count),
        "$name: a message for every failure");

    return sum0(map { $count{$_} } grep { /"result":"SUCCESS"/ } keys %count);
}


my @plenty = map { [ some(2 + $_ % 4) ] } 1 .. $REQUESTS;

$_->[-1][2] = 1_000_000 for @plenty[ grep { $_ % 10 == 7 } 0 .. $#plenty ];

is(run('one in ten fails', 100_000, @plenty), $REQUESTS * 9 / 10,
    'and nine do not');

my $done = run('sold out', 40, map { [ some(2 + $_ % 4) ] } 1 .. $REQUESTS);

cmp_ok($done, '>=', 40 / 3, 'some of it is sold');
cmp_ok($done, '<=', $STORES * $FLOWERS * 40 / 2, 'and no more than there is');


open(my $log, '<', $t->dir() . '/postgres/log') or die "postgres log: $!\n";
is(join('', grep { /deadlock|ERROR/ } <$log>), '',
    'no deadlock and no error in PostgreSQL');

$t->done();
