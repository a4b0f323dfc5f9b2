# A coupon with many holders is looked at and repaired in chunks: Redis is never
# held for long, and others draw meanwhile.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use List::Util qw(sum);
use Test::More;
use Time::HiRes qw(time);

use BB::Answer;
use BB::Audit;
use BB::Client;
use BB::Test;

my $HOLDERS = $ENV{BB_LONG} ? 1_000_000 : 30_000;
my $SLOW = 5000;         # microseconds of one call

my $t = BB::Test->new(workers => 1, http => 'bb_store_audit off;',
    location => 'bb_store_coupon_timeout 60s;', coupons => [
    { id => 7, limit => $HOLDERS + 100 }, { id => 8, limit => 100_000 } ])->run();
my $redis = $t->redis();

$t->db()->do("INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
    SELECT 7, n, '봄이', '1' FROM generate_series(1, $HOLDERS) n");

is($t->claim(7, user => $HOLDERS + 1), ISSUED, 'it is loaded');
is($t->claim(8, user => 1), ISSUED, 'another one');
ok($t->settled(), 'no claim is left over');

$redis->cmd(qw(CONFIG SET slowlog-log-slower-than), $SLOW);
$redis->cmd(qw(CONFIG RESETSTAT));

# One request to the audit, while others draw coupon 8: its report, and how long
# the slowest draw took.
my $user = 1;

sub beside($method, $uri) {
    my $ops = $t->new_client('ops');
    my ($slowest, $draws) = (0, 0);
    my $start = time();

    $ops->write(BB::Client::request_bytes($method, $uri));

    while (not IO::Select->new($ops->{sock})->can_read(0)) {
        my $begun = time();

        $t->claim(8, user => ++$user) eq ISSUED or die "not issued\n";
        $draws++;
        $slowest = time() - $begun if time() - $begun > $slowest;
    }

    my $report = $ops->answer()->json();

    note(sprintf('%s: %.2f s; %d draws beside it, the slowest %.0f ms', $method,
        time() - $start, $draws, $slowest * 1000));
    cmp_ok($draws, '>', 10, "$method: others draw");
    return $report;
}

my $report = beside('GET', '/ops/coupons/7/audit');

is_deeply([ $report->@{qw(rows members)}, 0 + $report->{consistent} ],
    [ $HOLDERS + 1, $HOLDERS + 1, 1 ], 'all are looked at');

# more than one chunk of each kind
my @missing = map { $_ * 10 } 1 .. 3000;
my @strange = map { $HOLDERS + 1000 + $_ } 1 .. 4500;

$redis->cmd('SREM', $t->key(7, ':issued'), @missing);
$redis->cmd('SADD', $t->key(7, ':issued'), @strange);
$report = beside('GET', '/ops/coupons/7/audit');

is($report->{rows_without_member}{count}, 3000, 'who is missing is counted');
is_deeply($report->{rows_without_member}{users}, [ @missing[ 0 .. 99 ] ],
    'the first ones are named');
is($report->{members_without_row}{count}, 4500, 'who is too many, too');
is(scalar $report->{members_without_row}{users}->@*, 100, 'a hundred of them');

$report = beside('POST', '/ops/coupons/7/audit?repair=1');
is_deeply($report->{repaired}, { members_added => 3000, members_removed => 4500,
    fields_put => 0, issued_count_set => 0 }, 'all are repaired');
ok($report->{consistent}, 'consistent');

my $calls = sum($redis->cmd(qw(INFO commandstats))
    =~ /^cmdstat_(?:evalsha|sscan|xrange):calls=(\d+)/mg);

# the clock also runs while the machine is busy with others
my $slow = $redis->cmd(qw(SLOWLOG LEN));

note("$slow of $calls calls took more than $SLOW us");
cmp_ok($slow, '<', 2 + $calls / 100, 'no call holds Redis for long');

$t->done();
