# More statements than the queue holds: 503 with Retry-After for some, no harm for
# the others, and all is well afterwards.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_sweep 500ms;', postgres_args => 'queue=3',
    coupons => [ { id => 7, issued => [ 1 .. 40 ] }, { id => 8 } ])->run();
my $crowd = BB::Crowd->new($t, 80);

is($t->claim(8, user => 100), ISSUED, 'loaded');

# the draws share a statement, the reads do not
my @answers = $crowd->ask(map { ([ 'GET', '/stores/coupons/my', user => $_ ],
    [ $t->draw(8, $_) ]) } 1 .. 40);
my @reads = @answers[ map { 2 * $_ } 0 .. 39 ];
my ($refused) = grep { $_->status() == 503 } @reads;

is(scalar(grep { $_->status() == 200 } @reads), 3, 'reads: as many as the queue holds');
is(scalar(grep { $_->status() == 503 } @reads), 37, 'the others are told so');
is_unavailable($refused, 'and may come again');
is_deeply([ map { verdict($answers[ 2 * $_ + 1 ]) } 0 .. 39 ], [ (ISSUED) x 40 ],
    'draws');
ok($t->settled(), 'no claim is left over');
is($t->get('/stores/coupons/my', user => $_)->status(), 200, 'all is well') for 1 .. 3;
is(counter(status($t), 'postgres', 'rejected'), 37, 'counted');

$t->done();
