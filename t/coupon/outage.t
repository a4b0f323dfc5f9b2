# Redis or PostgreSQL is away: 503, no place is lost, and all is well when it is back.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(scaled);
use BB::Test;

my $t = BB::Test->new(workers => 1, redis_args => 'timeout=500ms',
    postgres_args => 'timeout=500ms', location => 'bb_store_coupon_timeout 700ms;',
    http => 'bb_store_sweep 300ms;',
    coupons => [ { id => 7, limit => 4 }, { id => 8 } ])->run();

my %edit = (user => 101, body => { couponName => 'b', discountPrice => 1,
    minPrice => 1, limitCount => 200, startDate => $t->today(-1),
    endDate => $t->today(3) });

# At most one request finds it still away.
sub back($id, $user) {
    my $verdict = $t->claim($id, user => $user);

    $verdict = $t->claim($id, user => $user) if $verdict eq UNAVAILABLE;
    return $verdict;
}

sub draw($id, $user) { return $t->request($t->draw($id, $user)) }

sub sooner($code) {
    my $before = time();

    $code->();
    cmp_ok(time() - $before, '<=', scaled(2), 'in time');
}

is($t->claim(7, user => 1), ISSUED, 'loaded');
is($t->claim(8, user => 1), ISSUED, 'loaded');


# Redis

$t->redis()->stop();
is_unavailable(draw(8, 2), 'Redis is stopped: a draw');
is_unavailable(draw(8, 3), 'and another');
is_unavailable($t->post('/stores/1/coupons/all', user => 2,
    body => '{"nickname":"a","phoneNumber":"1"}'), 'a draw of all');
is($t->get('/stores/coupons/my', user => 1)->status(), 200, 'who only reads');
$t->redis()->start();
is(back(8, 2), ISSUED, 'Redis is back: a draw');

$t->redis()->pause();
sooner(sub { is_unavailable(draw(8, 4), 'Redis is silent: a draw') });
$t->redis()->resume();
like(back(8, 4), qr/\A(?:ISSUED|ALREADY_ISSUED)\z/, 'Redis speaks: drawn, then or now');

$t->redis()->restart(signal => 'KILL', empty => 1);
is(back(7, 1), ALREADY_ISSUED, 'Redis came back empty: nothing is forgotten');
is(back(7, 2), ISSUED, 'and the next one is issued');


# PostgreSQL

$t->db()->stop('immediate');
is_unavailable(draw(7, 3), 'PostgreSQL is stopped: a draw');
like($t->claim(7, user => 1), qr/\A(?:ALREADY_ISSUED|UNAVAILABLE)\z/,
    'who has one is not told anything else');
is_unavailable($t->get('/stores/coupons/my', user => 1), 'who reads');
is_unavailable($t->put('/stores/1/coupons/8', %edit), 'who edits');
is_unavailable($t->post('/client/stores/coupons/7/users/1'), 'who uses one');
$t->db()->start();
like(back(7, 3), qr/\A(?:ISSUED|ALREADY_ISSUED)\z/,
    'PostgreSQL is back: drawn, then or now');
is(back(7, 4), ISSUED, 'the last place');
is($t->claim(7, user => 5), SOLD_OUT, 'no more');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ 1 .. 4 ], 'rows');
is_deeply([ $t->members(7) ], [ 1 .. 4 ], 'members');
ok_void($t->put('/stores/1/coupons/8', %edit), 'edited');

my $hold = $t->db()->hold_coupons(8);
sooner(sub { is_unavailable(draw(8, 5), 'PostgreSQL is slow: a draw') });
$hold->rollback();
ok($t->settled(), 'it is stored all the same');
is(back(8, 5), ALREADY_ISSUED, 'as the user then reads');
is_deeply([ $t->holders(8) ], [ $t->members(8) ], 'rows and members agree');

$t->done();
