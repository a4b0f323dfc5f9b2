# Two hosts share Redis and PostgreSQL: an edit on one of them is in force on the
# other within a second, though nobody tells it.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);

use BB::Answer;
use BB::Client;
use BB::Nginx;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(coupons => [ { id => 7, limit => 2, start => 0 },
    { id => 8, limit => 2, start => 0 } ])->run();
my $other = BB::Nginx->new(dir => $t->dir() . '/other', redis => $t->redis(),
    postgres => $t->db(), zone => $t->zone())->start();
my $client = BB::Client->new($other->port('public'));

sub edit_there($method, $id, $body = undef) {
    return $client->request($method, "/stores/1/coupons/$id", user => 101,
        $body ? (body => $body) : ());
}

for my $id (7, 8) {
    is($t->claim($id, user => $_), ISSUED, "coupon $id, user $_") for 1, 2;
    ok(await(10, sub {
        $t->claim($id, user => 3);
        status($t)->{coupon}{known_sold_out} > 0;
    }), "coupon $id: sold out, known here");
}

# draws go on all the time, as they do in a drop
sub until_changed($id, $verdict) {
    my $since = time();

    await(5, sub { $t->claim($id, user => 3) eq $verdict });
    return time() - $since;
}

ok_void(edit_there('PUT', 7, { couponName => 'a', discountPrice => 1, minPrice => 1,
    limitCount => 3, startDate => $t->today(), endDate => $t->today(7) }), 'raised there');
cmp_ok(until_changed(7, ISSUED), '<', 1, 'given here within a second');

ok_void(edit_there('DELETE', 8), 'deleted there');
cmp_ok(until_changed(8, DELETED), '<', 1, 'refused here within a second');

$other->quit();
is_deeply([ $other->faults() ], [], 'the other ended well');

$t->done();
