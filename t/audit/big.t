# A coupon with many holders is loaded, looked at and repaired in chunks: no call has
# more than some hundred users, and others draw meanwhile.  tools/redis-hold tells how
# long such a call holds Redis.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(time);

use BB::Answer;
use BB::Audit;
use BB::Client;
use BB::Plan;
use BB::Test;

my $HOLDERS = $ENV{BB_LONG} ? 1_000_000 : 30_000;
my $MOST = 500;          # users of one call, and what SSCAN is asked for
my $FRAME = 12;          # other arguments of a call, at most

my $t = BB::Test->new(workers => 1, http => 'bb_store_audit off;',
    location => 'bb_store_coupon_timeout 60s;', coupons => [
    { id => 7, limit => $HOLDERS + 100 }, { id => 8, limit => 100_000 } ])->run();
my $redis = $t->redis();

$t->db()->do("INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
    SELECT 7, n, '봄이', '1' FROM generate_series(1, $HOLDERS) n");

is($t->claim(8, user => 1), ISSUED, 'another one is loaded');

# One request, while others draw coupon 8: its answer.
my $user = 1;

sub beside($what, $listener, @request) {
    my $client = $t->new_client($listener);
    my ($slowest, $draws) = (0, 0);
    my $start = time();

    $redis->note_calls();
    $client->write(BB::Client::request_bytes(@request));

    while (not IO::Select->new($client->{sock})->can_read(0)) {
        my $begun = time();

        $t->claim(8, user => ++$user) eq ISSUED or die "not issued\n";
        $draws++;
        $slowest = max($slowest, time() - $begun);
    }

    my $answer = $client->answer();
    my $took = time() - $start;
    my @calls = $redis->noted_calls();
    my @users = grep { $_->{args} > $FRAME } @calls;
    my @scans = grep { $_->{name} eq 'SSCAN' } @calls;

    note(sprintf('%s: %.2f s; %d draws beside it, the slowest %.0f ms; %d calls, '
        . 'the longest %.1f ms', $what, $took, $draws, $slowest * 1000,
        scalar @calls, max(map { $_->{took} } @calls) / 1000));
    cmp_ok($draws, '>', 10, "$what: others draw");
    cmp_ok(scalar @users, '>', $HOLDERS / $MOST, "$what: many calls with users");
    is_deeply([ map { "$_->{name}: $_->{args}" }
            grep { $_->{args} > $MOST + $FRAME } @users ], [],
        "$what: none with too many");
    is_deeply([ grep { $_->{last} > $MOST } @scans ], [],
        "$what: no scan asks for too many");

    return $answer;
}

is(verdict(beside('load', 'public', $t->draw(7, $HOLDERS + 1))), ISSUED,
    'it is loaded');
ok($t->settled(), 'no claim is left over');

my $report = beside('GET', 'ops', 'GET', '/ops/coupons/7/audit')->json();

is_deeply([ $report->@{qw(rows members)}, 0 + $report->{consistent} ],
    [ $HOLDERS + 1, $HOLDERS + 1, 1 ], 'all are looked at');

# the users of a chunk are looked up one by one, not among all holders
for my $mode (qw(custom generic)) {
    unlike(plan_of($t->db(), 'coupon/audit_holders', $mode, 7, [ 1 .. 200 ], 't')
        ->text(), qr/hashed|Hash/, "who of a chunk has a row: $mode plan");
}

# more than one chunk of each kind
my @missing = map { $_ * 10 } 1 .. 3000;
my @strange = map { $HOLDERS + 1000 + $_ } 1 .. 4500;

$redis->cmd('SREM', $t->key(7, ':issued'), @missing);
$redis->cmd('SADD', $t->key(7, ':issued'), @strange);
$report = beside('GET', 'ops', 'GET', '/ops/coupons/7/audit')->json();

is($report->{rows_without_member}{count}, 3000, 'who is missing is counted');
is_deeply($report->{rows_without_member}{users}, [ @missing[ 0 .. 99 ] ],
    'the first ones are named');
is($report->{members_without_row}{count}, 4500, 'who is too many, too');
is(scalar $report->{members_without_row}{users}->@*, 100, 'a hundred of them');

$report = beside('POST', 'ops', 'POST', '/ops/coupons/7/audit?repair=1')->json();
is_deeply($report->{repaired}, { members_added => 3000, members_removed => 4500,
    fields_put => 0, issued_count_set => 0 }, 'all are repaired');
ok($report->{consistent}, 'consistent');

$t->done();
