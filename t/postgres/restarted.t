# PostgreSQL is stopped or crashes, and starts again in a burst: every draw that was
# accepted has its row in the end.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Loss;
use BB::Test;

my @users = 1 .. 2000;
my $t = BB::Test->new(workers => 2, http => 'bb_store_sweep 500ms;',
    postgres_conf => { fsync => 'on', full_page_writes => 'on' },
    coupons => [ map { { id => $_, limit => 10000 } } 6 .. 8 ])->run();


# with a batch waiting for a lock

is($t->claim(6, user => 100), ISSUED, 'loaded');

my $hold = $t->db()->hold_coupons(6);
my @clients = $t->begin_draws(6, [ 1 .. 40 ]);

$t->db()->restart('immediate');

my @verdicts = map { verdict($_->answer()) } @clients;

nothing_lost($t, 6, [ 1 .. 40, 100 ], [ @verdicts, ISSUED ], 'waiting');
eval { $hold->disconnect() };


# at any time

for my $way ([ 7, 'fast' ], [ 8, 'immediate' ]) {
    my ($id, $mode) = @$way;

    @verdicts = map { verdict($_) } $t->burst(
        requests => [ map { [ $t->draw($id, $_) ] } @users ],
        on_answer => sub($answers, @) {
            $t->db()->restart($mode) if $answers == 300 or $answers == 1100;
        });

    nothing_lost($t, $id, \@users, \@verdicts, $mode);
}

$t->done();
