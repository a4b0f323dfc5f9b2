# A worker ends as in a crash at each named point: whoever was answered has a row,
# nobody has two, and everything heals by itself.  Needs the test build of the
# module (make FAULTS=1).

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
use BB::Process qw(await);
use BB::Test;

my $LIMIT = 300;
my @SMALL = 1 .. 400;

my $t = BB::Test->new(workers => 2, http => 'bb_store_sweep 300ms;',
    coupons => [ map { { id => $_, limit => $LIMIT } } 1 .. 10 ])->run();
my $nginx = $t->nginx();
my $dead = 0;

$nginx->excuse(qr/exited on signal 9/);

# The point is armed; returns the configuration of the http level.
sub arm($point, $n = 1) {
    $nginx->reconfigure(http => "bb_store_sweep 300ms; bb_store_fault $point $n;");
}

# True once a worker has ended at the point, and another one is in its place.
sub died($point) {
    $dead++;
    return $nginx->logged(qr/worker ends at "$point"/)
        && $nginx->logged(qr/exited on signal 9/, $dead)
        && await(10, sub { $nginx->workers() == 2 });
}

# That the coupon is as its answers say.
sub is_whole($id, $users, $verdicts, $name) {
    my %count;

    $count{$_}++ for @$verdicts;
    note("$name: ", join(', ', map { "$count{$_} $_" } sort keys %count));

    ok($t->settled(), "$name: the intent log is empty");

    my @holders = $t->holders($id);
    my %holds = map { $_ => 1 } @holders;
    my @lost = grep { $verdicts->[$_] eq ISSUED and not $holds{$users->[$_]} }
        0 .. $#$users;

    is("@$users[@lost]", '', "$name: who was answered has a row");
    is_deeply([ $t->members($id) ], \@holders, "$name: members are those with a row");
    is_consistent($t, $id, "$name: consistent", rows => scalar @holders);
}


# the way of a claim

my $id = 0;

for my $point (qw(claimed batch_sent committed answered)) {
    for my $n (1, 7) {
        $id++;
        is($t->claim($id, user => 1), ISSUED, "coupon $id is loaded");
        ok($t->settled(), 'no claim is left over');
        arm($point, $n);

        my @verdicts = map { verdict($_) } $t->burst(connections => 16,
            requests => [ map { [ $t->draw($id, $_) ] } @SMALL ]);

        ok(died($point), "$point $n: a worker ended");
        is_whole($id, \@SMALL, \@verdicts, "$point $n");
        is(scalar $t->holders($id), $LIMIT, "$point $n: the limit is reached");
    }
}


# a load

$t->db()->do("INSERT INTO issued_coupon (coupon_id, user_id)
    SELECT 9, n FROM generate_series(1, 5000) n");
$t->db()->do('UPDATE coupon SET limit_count = 5100 WHERE id = 9');
arm('load_chunk', 2);

my @verdicts = map { verdict($_) } $t->burst(connections => 4,
    requests => [ map { [ $t->draw(9, $_) ] } 4901 .. 5200 ]);

ok(died('load_chunk'), 'load_chunk: a worker ended');
is_whole(9, [ 4901 .. 5200 ], \@verdicts, 'load_chunk');
is(scalar $t->holders(9), 5100, 'load_chunk: the limit is reached');


# the sweep

is($t->claim(10, user => 1), ISSUED, 'coupon 10 is loaded');

my $hold = $t->db()->hold_coupons(10);
my @clients = $t->begin_draws(10, [ 2 .. 40 ]);

# the old workers would commit them
$nginx->configure(http => 'bb_store_sweep 300ms; bb_store_fault sweep;');
my @old = $nginx->reload();

$nginx->kill_worker($_) for @old;
$dead += @old;

@verdicts = map { verdict($_->answer()) } @clients;
ok(died('sweep'), 'sweep: a worker ended');
$hold->rollback();
is_whole(10, [ 2 .. 40 ], \@verdicts, 'sweep');
is_deeply([ $t->holders(10) ], [ 1 .. 40 ], 'sweep: all are stored');


# an edit that is committed, of which Redis was not told

my %body = (couponName => 'x', discountPrice => 1, minPrice => 1, limitCount => 60,
    startDate => $t->today(-1), endDate => $t->today(7));

$nginx->reconfigure(http => 'bb_store_audit 100ms; bb_store_fault edit_committed;');

my $answer = $t->request('PUT', '/stores/1/coupons/10', user => 101, body => \%body);

is($answer->status(), 0, 'edit_committed: no answer');
ok(died('edit_committed'), 'edit_committed: a worker ended');
ok($nginx->logged(qr/coupon 10 repaired: .* fields put 1 times/),
    'edit_committed: Redis is told');
is($t->redis()->cmd('HGET', $t->key(10), 'limit'), 60, 'edit_committed: the limit');

$t->done();
