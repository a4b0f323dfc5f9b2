# Today is the date in the zone of the nginx process, not in that of the servers.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;

use BB::Answer;
use BB::Test;

# one of both has another date than UTC, and is far from midnight
my $zone = (gmtime())[2] >= 10 ? 'Pacific/Kiritimati' : 'Pacific/Pago_Pago';

my $t = BB::Test->new(zone => $zone, coupons => [
    { id => 5, start => 0, end => 0 },
    { id => 6, start => -1, end => -1 },
    { id => 7, start => 1, end => 1 },
])->plan(12)->run();

is($t->db()->value('SELECT current_date'), $t->today(), 'dates of the test');
isnt($t->today(), POSIX::strftime('%Y-%m-%d', gmtime()), 'are not those of UTC');

is($t->claim(5, user => 1), ISSUED, 'today');
is($t->claim(6, user => 1), EXPIRED, 'yesterday');
is($t->claim(7, user => 1), NOT_STARTED, 'tomorrow');
is($t->redis()->cmd('EXPIRETIME', $t->key(5, ':issued')), $t->midnight($t->today(1)),
    'the set expires at midnight there');

my $list = $t->get('/stores/coupons/my', user => 1)->json()->{data}{data};
is_deeply([ map { $_->{couponId} } @$list ], [ 5 ], 'usable today');
is($list->[0]{endDate}, $t->today(), 'its date');

my $member = $t->get('/stores/coupons/5/members', user => 101)->json()->{data}{data}[0];
is(substr($member->{createdAt}, 0, 10), $t->today(), 'times are of that zone');

my %body = (couponName => 'a', discountPrice => 1, minPrice => 1, limitCount => 1);
ok_void($t->post('/stores/1/coupons', user => 101, body => { %body,
    startDate => $t->today(), endDate => $t->today() }), 'a coupon may start today');
is_fail($t->post('/stores/1/coupons', user => 101, body => { %body,
    startDate => $t->today(-1), endDate => $t->today() }),
    '시작일이 올바르지 않습니다.', 'but not yesterday');
is(scalar $t->get('/stores/1/coupons', user => 101)->json()->{data}{data}->@*, 3,
    'what has ended yesterday is not listed');
