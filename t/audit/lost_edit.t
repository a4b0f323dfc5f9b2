# An edit is committed and its worker dies before Redis is told.  Nobody was told that
# it is done, so until the audit comes by users may read by the old values or the new
# ones; but no place is given beyond the limit that PostgreSQL has.  Needs the test
# build of the module (make FAULTS=1).

use v5.36;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

BEGIN {
    $ENV{BB_MODULE} = $ENV{BB_FAULTS_MODULE}
        // abs_path("$FindBin::Bin/../..") . '/build-faults/ngx_bb_store_module.so';
    die "$ENV{BB_MODULE} is missing: make FAULTS=1\n" if not -f $ENV{BB_MODULE};
}

use BB::Answer;
use BB::Audit;
use BB::Test;

my $POINT = 'bb_store_audit off; bb_store_fault edit_committed;';

my $t = BB::Test->new(workers => 2, http => $POINT, coupons => [
    { id => 1, limit => 100 }, { id => 2, limit => 5 }, { id => 3, limit => 100 },
    { id => 4, limit => 100 } ])->run();
my $nginx = $t->nginx();

$nginx->excuse(qr/exited on signal 9/);

# The edit is lost with its worker.
sub lose($method, $id, %change) {
    my %body = (couponName => 'x', discountPrice => 1, minPrice => 1,
        limitCount => 100, startDate => $t->today(-1), endDate => $t->today(7),
        %change);
    my $answer = $t->request($method, "/stores/1/coupons/$id", user => 101,
        $method eq 'PUT' ? (body => \%body) : ());

    is($answer->status(), 0, "coupon $id: no answer");
    ok($nginx->logged(qr/worker ends at "edit_committed"/, $id),
        "coupon $id: a worker ended");

    # the point is passed once in the life of the zone's workers
    $nginx->reconfigure(http => $POINT);
}

# How often each verdict is given to these users.
sub draws($id, @users) { return $t->draws($id, \@users) }

for my $id (1 .. 4) {
    is_deeply(draws($id, 1 .. 5), { ISSUED => 5 }, "coupon $id: five have it");
    ok($t->settled(), "coupon $id: settled");
}


# a limit that is lower: what Redis grants beyond it PostgreSQL refuses, and Redis
# learns of it by the load that follows

lose('PUT', 1, limitCount => 8);
is_deeply(draws(1, 11 .. 40), { ISSUED => 3, SOLD_OUT => 27 }, 'lower: three more');
ok($t->settled(), 'lower: settled');
is(scalar $t->holders(1), 8, 'lower: as many rows');
is($t->claim(1, user => 41), SOLD_OUT, 'lower: sold out');
is($t->redis()->cmd('HGET', $t->key(1), 'limit'), 8, 'lower: Redis knows by then');

# a limit that is higher: the old one until the audit

lose('PUT', 2, limitCount => 8);
is_deeply(draws(2, 11 .. 40), { SOLD_OUT => 30 }, 'higher: sold out');

# deleted, put off: it is drawn until the audit

lose('DELETE', 3);
is_deeply(draws(3, 11 .. 20), { ISSUED => 10 }, 'deleted: still drawn');
lose('PUT', 4, startDate => $t->today(2));
is_deeply(draws(4, 11 .. 20), { ISSUED => 10 }, 'put off: still drawn');
ok($t->settled(), 'settled');


# the audit

for my $case ([ 1, SOLD_OUT ], [ 2, ISSUED ], [ 3, DELETED ], [ 4, NOT_STARTED ]) {
    my ($id, $verdict) = @$case;
    my $report = $t->client('ops')->request('POST',
        "/ops/coupons/$id/audit?repair=1")->json();

    ok($report->{consistent}, "coupon $id: consistent");
    is($t->claim($id, user => 50), $verdict, "coupon $id: by the new values");
}

$t->done();
