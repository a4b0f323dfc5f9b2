# The audit's scripts, without nginx.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $t = BB::Test->new(nginx => 0)->run();
my $redis = $t->redis();
my $RUN = $redis->run_id();
my ($coupon, $issued) = map { $t->key(7, $_) } '', ':issued';
my $claims = '{bb:7}:claims';
my @ROW = (3, '2030-05-01', '2030-05-31', 0, 4, 4_000_000_000);

sub run($name, @arguments) {
    return $redis->script($name, [ $coupon, $issued ], @arguments);
}


# coupon_audit, coupon_audit_holders

is_deeply(run('coupon_audit', $RUN), [ 0, 0, (undef) x 6 ], 'nothing is known');
is(run('coupon_audit_holders', $RUN, 1), 'NOT_LOADED', 'nor asked');

$redis->script('coupon_put', [ $coupon, $issued ], @ROW, $RUN, 'load-1');
$redis->cmd('SADD', $issued, 1 .. 3);

is_deeply(run('coupon_audit', $RUN), [ 1, 3, @ROW ], 'loaded');
is_deeply(run('coupon_audit', 'x' x 40), [ 0, 3, @ROW ], 'in another run');
is_deeply(run('coupon_audit_holders', $RUN, 4, 1, -7, 3), [ 4, -7 ],
    'who is no member');
is_deeply(run('coupon_audit_holders', $RUN, 1 .. 3), [], 'nobody');
is_deeply(run('coupon_audit_holders', $RUN, 1 .. 4000), [ 4 .. 4000 ], 'many');
is(run('coupon_audit_holders', 'x' x 40, 4), 'NOT_LOADED', 'in another run');

$redis->cmd('SREM', $issued, 'DUMMY');
is_deeply(run('coupon_audit', $RUN), [ 0, 3, @ROW ], 'the set was lost');
is(run('coupon_audit_holders', $RUN, 4), 'NOT_LOADED', 'the set was lost');
$redis->cmd('SADD', $issued, 'DUMMY');


# coupon_audit_members

sub members($last, $remove, @users) {
    return $redis->script('coupon_audit_members', [ $issued, $claims ], $last, 7,
        $remove, @users);
}

sub log_entry($id, $number, $text) {
    $redis->cmd('XADD', $claims, "$number-1", coupon => $id, claims => $text);
}

$redis->cmd('SADD', $issued, -5, 12, 123);
is_deeply(members('0-0', 0, 1, 9, -5), [ 1, -5 ], 'members, and no claim');

log_entry(7, 10, '[[1,"a\"[123,b","",5],[12,"","",6]]');
log_entry(71, 11, '[[2,"","",7]]');
log_entry(7, 12, '[ [ -5 , "", "", 8]]');
is_deeply(members('0-0', 0, 1, 2, 3, -5, 12), [ 2, 3 ],
    'not whom an entry of the coupon names');
is_deeply(members('10-1', 0, 1, 2, 3, -5, 12), [ 1, 2, 3, 12 ],
    'entries up to the given one are not looked at');
is_deeply(members('12-1', 1, 3, 9), [ 3 ], 'removed');
is_deeply([ $t->members(7) ], [ -5, 1, 2, 12, 123 ], 'the others stay');
is_deeply(members('0-0', 1, 1, 9), [], 'nobody is removed');
is($redis->cmd('SISMEMBER', $issued, 1), 1, 'who has a claim stays');

log_entry(7, $_, 'x') for 20 .. 24;
is(members('0-0', 1, 2), 'AGAIN', 'too many entries');
is_deeply([ $t->members(7) ], [ -5, 1, 2, 12, 123 ], 'nobody is removed');
is_deeply(members('10-1', 1, 2), [ 2 ], 'not too many');


# coupon_audit_put

sub put($seen, @row) { return run('coupon_audit_put', $seen, @row) }

is(put(3, @ROW), 0, 'another version was seen');
is(put(5, 9, @ROW[ 1 .. 5 ]), 0, 'nor a higher one');
is_deeply(run('coupon_audit', $RUN), [ 1, 4, @ROW ], 'nothing is put');
is(put(4, 9, @ROW[ 1 .. 3 ], 2, 4_000_086_400), 1, 'put, also with a lower version');
is_deeply(run('coupon_audit', $RUN), [ 1, 4, 9, @ROW[ 1 .. 3 ], 2, 4_000_086_400 ],
    'as it was put; loaded as before');
is($redis->cmd('EXPIRETIME', $_), 4_000_086_400, "$_ expires then")
    for $coupon, $issued;

$t->done();
