# Workers are killed in a burst: nothing that was acknowledged is lost, and the sweep
# stores what was granted.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Loss;
use BB::Test;

my @users = 1 .. 3000;
my $t = BB::Test->new(workers => 2, http => 'bb_store_sweep 500ms;',
    coupons => [ { id => 7, limit => 10000 } ])->run();
my $killed = 0;

my @verdicts = map { verdict($_) } $t->burst(
    requests => [ map { [ $t->draw(7, $_) ] } @users ],
    on_answer => sub($answers, @) {
        return if $answers % 500 != 250;
        $t->nginx()->kill_worker(($t->nginx()->workers())[ $killed++ % 2 ]);
    });

cmp_ok($killed, '>=', 5, 'workers were killed');
nothing_lost($t, 7, \@users, \@verdicts, 'killed', silent => 1);

$t->done();
