# Instants are shown in the zone of the nginx process, whichever way it is named and
# whatever the server's own zone is.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use POSIX qw(strftime tzset);
use BB::Test;

# around midnight, and around the change of clocks in New York
my @instants = qw(2024-01-19T14:59:59Z 2024-01-19T15:00:00Z 2024-01-19T23:59:59Z
    2024-01-20T00:00:00Z 2024-03-10T06:59:59Z 2024-03-10T07:00:00Z
    2024-07-01T03:59:59Z 2024-07-01T04:00:00Z);

my $t = BB::Test->new(nginx => 0, stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7, issued =>
        [ map { { user => $_, at => $instants[$_ - 1] } } 1 .. @instants ] } ])->run();
my @epochs = $t->db()->column('SELECT extract(epoch FROM created_at)::bigint
    FROM issued_coupon ORDER BY user_id');

for my $zone (qw(Asia/Seoul UTC America/New_York :Asia/Kolkata
    /usr/share/zoneinfo/Pacific/Kiritimati <+0545>-05:45 EST5EDT))
{
    local $ENV{TZ} = $zone;

    tzset();

    my @expected = map { strftime('%Y-%m-%dT%H:%M:%S', localtime($_)) } @epochs;

    $t->nginx()->{zone} = $zone;
    $t->nginx()->start();

    my $list = $t->get('/stores/coupons/7/members', user => 101)->json()->{data}{data};

    is_deeply([ map { $_->{createdAt} } @$list ], \@expected, $zone);
    $t->nginx()->quit();
}

tzset();
$t->done();
