# The script that claims coupons, and those that keep its data, without nginx.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $t = BB::Test->new(nginx => 0)->run();
my $redis = $t->redis();
my $RUN = $redis->run_id();
my $ID = 7;
my ($coupon, $issued, $load) = map { $t->key($ID, $_) } '', ':issued', ':load';
my $claims = '{bb:7}:claims';
my ($DAY, $EXPIRE) = ('2030-05-10', 4_000_000_000);

# limit, start, end, deleted, version, and for a new coupon the run id
sub put($limit, $start, $end, $deleted, $version, $run = '') {
    return $redis->script('coupon_put', [ $coupon, $issued ], $limit, $start, $end,
        $deleted, $version, $EXPIRE, $run, $run eq '' ? '' : 'load-1');
}

sub claim($day, @users) {
    my $reply = $redis->script('coupon_issue', [ $coupon, $issued, $claims ], $RUN,
        $day, $ID, join(",\n", map { qq([$_,"a"]) } @users), @users);

    return $reply;
}

sub wipe() {
    $redis->cmd('FLUSHALL');
}


# claims

is(claim($DAY, 1), 'NOT_LOADED', 'an unknown coupon');
is(put(3, '2030-05-01', '2030-05-31', 0, 1, $RUN), 1, 'created');
is(claim('2030-04-30', 1), 'NOT_STARTED', 'the day before');
is(claim('2030-06-01', 1), 'EXPIRED', 'the day after');
is($redis->cmd('XLEN', $claims), 0, 'nothing is written');

my $reply = claim('2030-05-01', 1);
is($reply->[0], 'I', 'the first day');
is_deeply([ $reply->@[ 1, 2 ] ], [ 1, 2 ], 'of the version, and two are left');
is($reply->[4], 'load-1', 'from this load');
is_deeply($redis->cmd('XRANGE', $claims, '-', '+'),
    [ [ $reply->[3], [ coupon => 7, claims => '[[1,"a"]]' ] ] ], 'its log entry');

is_deeply(claim($DAY, 1), [ 'A', 1, 2 ], 'once only');
is_deeply(claim('2030-05-31', 2, 1, 2, 3, 4, 3)->[0], 'IAAISA',
    'many at once, in order');
is_deeply(claim($DAY, 5, 2), [ 'SA', 1, 0 ], 'sold out');
is_deeply($redis->script('coupon_soldout', [ $coupon, $issued ], $RUN),
    [ 1, 3, '2030-05-31' ], 'its version, holders and last day');
is_deeply($redis->script('coupon_soldout', [ $coupon, $issued ], 'x'), [],
    'not known in another run');
is($redis->cmd('XLEN', $claims), 2, 'one log entry a call');
is($redis->cmd('XREVRANGE', $claims, '+', '-')->[0][1][3],
    qq([[2,"a"],\n[3,"a"]]), 'with those who won');
is_deeply([ $t->members($ID) ], [ 1, 2, 3 ], 'members');
is($redis->cmd('SCARD', $issued), 4, 'and the sentinel');
is_deeply([ map { $redis->cmd('EXPIRETIME', $_) } $coupon, $issued ],
    [ $EXPIRE, $EXPIRE ], 'until the coupon has expired');

is_deeply(claim($DAY, '9223372036854775807', '9223372036854775806',
    '-9223372036854775808'), [ 'SSS', 1, 0 ], 'large ids');
is(put(5, '2030-05-01', '2030-05-31', 0, 2), 1, 'raised');
is(claim($DAY, '9223372036854775807', '9223372036854775806', 8)->[0], 'IIS',
    'are exact');

my @many = (100 .. 227);
is(put(10_000, '2030-05-01', '2030-05-31', 0, 3), 1, 'raised');
is(claim($DAY, @many)->[0], 'I' x 128, 'the most that one call takes');


# edits

is(put(1, '2030-05-01', '2030-05-31', 0, 3), 0, 'the same version');
is(put(1, '2030-05-01', '2030-05-31', 0, 2), 0, 'an older one');
is($redis->cmd('HGET', $coupon, 'limit'), 10_000, 'change nothing');
is_deeply($redis->script('coupon_soldout', [ $coupon, $issued ], $RUN), [],
    'some are left');
is(put(1, '2030-05-01', '2030-05-31', 0, 4), 1, 'lowered');
is_deeply(claim($DAY, 300), [ 'S', 4, 1 - 133 ], 'no more');
is(put(9, '2030-05-01', '2030-05-31', 1, 5), 1, 'deleted');
is(claim($DAY, 1, 300), 'DELETED', 'for everybody');


# losses

for my $loss ([ 'another run', sub { $redis->cmd('HSET', $coupon, 'run_id', 'x') } ],
    [ 'no set', sub { $redis->cmd('DEL', $issued) } ],
    [ 'no hash', sub { $redis->cmd('DEL', $coupon) } ],
    [ 'no sentinel', sub { $redis->cmd('SREM', $issued, 'DUMMY') } ],
    [ 'an edit without a set', sub {
        $redis->cmd('DEL', $issued);
        put(9, '2030-05-01', '2030-05-31', 0, 9) } ],
    [ 'an edit without anything', sub {
        wipe();
        put(9, '2030-05-01', '2030-05-31', 0, 9) } ])
{
    wipe();
    put(3, '2030-05-01', '2030-05-31', 0, 1, $RUN);
    claim($DAY, 1);
    $loss->[1]->();
    is(claim($DAY, 2), 'NOT_LOADED', $loss->[0]);
}

wipe();
$redis->cmd('SADD', $issued, 1);
is(put(3, '2030-05-01', '2030-05-31', 0, 1, $RUN), 1, 'new, but holders are there');
is(claim($DAY, 2), 'NOT_LOADED', 'is not taken for loaded');


# loads

my @lock = ('load-2', $RUN, 60_000);

wipe();
$redis->cmd('SADD', $issued, 4);
is($redis->script('coupon_load_lock', [ $load ], @lock), 1, 'the lock');
is($redis->script('coupon_load_lock', [ $load ], 'load-3', $RUN, 60_000), 0,
    'not twice');
is($redis->script('coupon_load_users', [ $issued, $load ], @lock, 1, 2), 1, 'a chunk');
is(claim($DAY, 9), 'NOT_LOADED', 'not loaded yet');
is($redis->script('coupon_load_users', [ $issued, $load ], @lock, 3), 1, 'another');
is($redis->script('coupon_load_users', [ $issued, $load ], 'load-3', $RUN, 60_000, 9),
    0, 'not without the lock');
cmp_ok($redis->cmd('TTL', $issued), '>', 0, 'a load given up leaves nothing for ever');
is($redis->script('coupon_load', [ $coupon, $issued, $load ], 'load-2', $RUN, 5,
    '2030-05-01', '2030-05-31', 0, 4, $EXPIRE), 1, 'loaded');
is_deeply([ $t->members($ID) ], [ 1 .. 4 ], 'merged with what was there');
is(claim($DAY, 1, 4, 5, 6)->[0], 'AAIS', 'and claimed');
is($redis->cmd('EXPIRETIME', $issued), $EXPIRE, 'until it has expired');
is($redis->script('coupon_load', [ $coupon, $issued, $load ], 'load-2', $RUN, 9,
    '2030-05-01', '2030-05-31', 0, 5, $EXPIRE), 0, 'the lock is gone');
is($redis->cmd('HGET', $coupon, 'limit'), 5, 'nothing has changed');

wipe();
$redis->script('coupon_load_lock', [ $load ], @lock);
put(1, '2030-05-01', '2030-05-31', 0, 8);
is($redis->script('coupon_load', [ $coupon, $issued, $load ], 'load-2', $RUN, 9,
    '2030-05-01', '2030-05-31', 0, 7, $EXPIRE + 5), 1, 'an edit during a load');
is(claim($DAY, 1, 2)->[0], 'IS', 'stays in force');
is($redis->cmd('EXPIRETIME', $issued), $EXPIRE, 'with its expiry');

wipe();
$redis->script('coupon_load_lock', [ $load ], 'load-2', 'another run', 60_000);
is($redis->script('coupon_load', [ $coupon, $issued, $load ], 'load-2', $RUN, 9,
    '2030-05-01', '2030-05-31', 0, 7, $EXPIRE), 0, 'Redis restarted during a load');


# acknowledgements

wipe();
put(9, '2030-05-01', '2030-05-31', 0, 1, $RUN);
my @entries = map { claim($DAY, $_)->[3] } 1 .. 3;
my ($dead) = $claims =~ s/\z/:dead/r;
my @keys = ($coupon, $issued, $claims, $dead);
is($redis->script('coupon_ack', \@keys, 'load-1', 0, 0, @entries[ 0, 1 ]), 1,
    'two claims');
is($redis->cmd('XLEN', $claims), 1, 'are out of the log');
is($redis->script('coupon_ack', \@keys, 'load-1', 0, 0, @entries), 0,
    'an entry was gone');
is($redis->cmd('XLEN', $claims), 0, 'the others go all the same');
my $entry = claim($DAY, 4)->[3];
is($redis->script('coupon_ack', \@keys, 'load-0', 0, 0, $entry), 0,
    'the set was loaded anew');
is($redis->cmd('XLEN', $claims), 0, 'the entry goes all the same');
$entry = claim($DAY, 7)->[3];
is($redis->script('coupon_ack', \@keys, 'load-1', 2, 0, 7, 8, $entry), 1,
    'a user whom PostgreSQL refused');
is($redis->cmd('XLEN', $claims), 0, 'the entry goes');
is($redis->cmd('SISMEMBER', $issued, 7), 0, 'and the place with it');
is($redis->cmd('EXISTS', $dead), 0, 'no dead letter');
@entries = map { claim($DAY, $_)->[3] } 7, 8;
is($redis->script('coupon_ack', \@keys, 'load-1', 1, 2, 8, $ID, '[[8]]', 'never',
    'x', '', 'why', @entries), 1, 'one refused for good, and another');
is_deeply([ map { $_->[1] } $redis->cmd('XRANGE', $dead, '-', '+')->@* ],
    [ [ coupon => $ID, claims => '[[8]]', reason => 'never' ],
      [ coupon => 'x', claims => '', reason => 'why' ] ], 'dead letters');
is($redis->cmd('XLEN', $claims), 0, 'for the entries');
is_deeply([ $redis->cmd('SMISMEMBER', $issued, 7, 8)->@* ], [ 1, 0 ], 'and one place');
$redis->cmd('SREM', $issued, 7);
is($redis->script('coupon_holders', [ $issued ], 60, 4, 5, 6), 2, 'holders are added');
is_deeply([ $t->members($ID) ], [ 1 .. 6 ], 'once each');
is($redis->cmd('EXPIRETIME', $issued), $EXPIRE, 'the expiry stays');
$redis->cmd('DEL', $issued);
$redis->script('coupon_holders', [ $issued ], 60, 1);
cmp_ok($redis->cmd('TTL', $issued), '<=', 60, 'a set that nobody loads ends by itself');


# what is late

wipe();
put(9, '2030-05-01', '2030-05-31', 0, 1, $RUN);
@entries = map { claim($DAY, $_)->[3] } 1 .. 3;
my @late = ([ $claims, "$claims:sweep" ], 0, 2, 'me', 60_000);
is_deeply($redis->script('claims_late', [ $claims, "$claims:sweep" ], 60_000, 2, 'me',
    60_000, '-'), [], 'nothing is late');
is($redis->cmd('EXISTS', "$claims:sweep"), 0, 'and nobody sweeps');
is_deeply([ map { $_->[0] } $redis->script('claims_late', @late, '-')->@* ],
    [ @entries[ 0, 1 ] ], 'the oldest');
is_deeply([ map { $_->[0] } $redis->script('claims_late', @late, "($entries[1]")->@* ],
    [ $entries[2] ], 'those behind one');
is_deeply($redis->script('claims_late', @late, "($entries[2]"), [], 'none behind the last');
is_deeply($redis->script('claims_late', [ $claims, "$claims:sweep" ], 0, 2, 'other',
    60_000, '-'), [], 'not for two');
is(scalar $redis->script('claims_late', @late, '-')->@*, 2,
    'again for who has the lease');
is_deeply([ ($redis->script('claims_status', [ $claims, "$claims:dead" ])->@*)[0, 2] ],
    [ 3, 0 ], 'counted');

$t->done();
