# Redis is killed with draws under way and starts again: nothing that was acknowledged
# is lost.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Loss;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_sweep 500ms;', redis_args => 'timeout=3s',
    coupons => [ map { { id => $_, limit => 10000 } } 6, 7, 8 ])->run();


# before it has read any of them

my $crowd = BB::Crowd->new($t, 50);
my @users = 1 .. 51;

is($t->claim(6, user => 51), ISSUED, 'loaded');
ok($t->settled(), 'settled');
$t->redis()->pause();
$crowd->send(map { [ $t->draw(6, $_) ] } 1 .. 50);
ok(await(10, sub { $t->redis()->unread() }), 'under way');
$t->redis()->{process}->signal('KILL');

my @verdicts = map { verdict($_) } $crowd->answers();

is_deeply(\@verdicts, [ (UNAVAILABLE) x 50 ], 'killed: all are told so');
$t->redis()->restart();
nothing_lost($t, 6, \@users, [ @verdicts, ISSUED ], 'before it has read them');


# at any time

@users = 1 .. 2000;

for my $way ([ 7, 'keeps its data' ], [ 8, 'has lost its data', empty => 1 ]) {
    my ($id, $name, %how) = @$way;

    @verdicts = map { verdict($_) } $t->burst(
        requests => [ map { [ $t->draw($id, $_) ] } @users ],
        on_answer => sub($answers, @) {
            $t->redis()->restart(signal => 'KILL', %how)
                if $answers == 300 or $answers == 1100;
        });

    nothing_lost($t, $id, \@users, \@verdicts, $name);
}

$t->done();
