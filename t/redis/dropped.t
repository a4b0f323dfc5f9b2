# Redis drops the module's connections in a burst: who was under way reads 503, and
# nothing that was acknowledged is lost.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Loss;
use BB::Ops;
use BB::Test;

my @users = 1 .. 3000;
my $t = BB::Test->new(workers => 2, http => 'bb_store_sweep 500ms;',
    coupons => [ { id => 7, limit => 10000 } ])->run();
my $dropped = 0;

my @verdicts = map { verdict($_) } $t->burst(
    requests => [ map { [ $t->draw(7, $_) ] } @users ],
    on_answer => sub($answers, @) {
        $dropped += $t->redis()->drop_clients() if $answers % 300 == 150;
    });

cmp_ok($dropped, '>=', 10, 'connections were dropped');
nothing_lost($t, 7, \@users, \@verdicts, 'dropped');
cmp_ok(counter(status($t), 'redis', 'failures'), '>=', 10, 'as the counters say');

$t->done();
