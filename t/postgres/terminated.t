# PostgreSQL ends the module's sessions in a burst: nothing acknowledged is lost.

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
    coupons => [ map { { id => $_, limit => 10000 } } 6, 7 ])->run();


# with the sessions waiting for a lock

is($t->claim(6, user => 100), ISSUED, 'loaded');
ok(connected($t), 'connected');

my $hold = $t->db()->hold_coupons(6);
my @clients = $t->begin_draws(6, [ 1 .. 40 ]);

cmp_ok($t->db()->drop_clients(), '>=', 6, 'sessions were ended');
$hold->rollback();

my @verdicts = map { verdict($_->answer()) } @clients;

is_deeply(\@verdicts, [ (ISSUED) x 40 ], 'all are issued by the next session');
nothing_lost($t, 6, [ 1 .. 40, 100 ], [ @verdicts, ISSUED ], 'waiting');


# at any time

my $ended = 0;

@verdicts = map { verdict($_) } $t->burst(
    requests => [ map { [ $t->draw(7, $_) ] } @users ],
    on_answer => sub($answers, @) {
        $ended += $t->db()->drop_clients() if $answers % 500 == 250;
    });

cmp_ok($ended, '>=', 12, 'sessions were ended');
nothing_lost($t, 7, \@users, \@verdicts, 'in a burst');

$t->done();
