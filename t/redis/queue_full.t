# More commands than the queue holds: 503 with Retry-After for some, no harm for the
# others, and all is well afterwards.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_sweep 500ms;', redis_args => 'queue=4',
    coupons => [ map { { id => $_ } } 1 .. 40 ])->run();
my $crowd = BB::Crowd->new($t, 40);

# loaded one by one
is_deeply([ map { $t->claim($_, user => 1) } 1 .. 40 ], [ (ISSUED) x 40 ], 'drawn');
ok($t->settled(), 'settled');

my @answers = $crowd->ask(map { [ $t->draw($_, 2) ] } 1 .. 40);
my %count;

$count{verdict($_)}++ for @answers;
is(join(' ', sort keys %count), 'ISSUED UNAVAILABLE', 'some are issued');
is($count{+ISSUED}, 4, 'as many as the queue holds');

my ($refused) = grep { $_->status() == 503 } @answers;

is($refused->header('Retry-After'), 1, 'the others may come again');
ok($t->settled(), 'no claim is left over');
is($t->db()->value('SELECT count(*) FROM issued_coupon WHERE user_id = 2'), 4, 'rows');
is_deeply([ map { $t->claim($_, user => 3) } 1 .. 40 ], [ (ISSUED) x 40 ], 'all is well');
ok($t->settled(), 'no claim is left over');

my $status = $t->new_client('ops')->request('GET', '/ops/status')->json();

cmp_ok(counter($status, 'redis', 'rejected'), '>=', 36, 'counted');

$t->done();
