# Idle connections keep no old worker, and a reload leaves none of the backends'
# connections behind.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await scaled);
use BB::Test;
use Time::HiRes;

my $t = BB::Test->new(workers => 2, coupons => [ { id => 7, limit => 10000 } ])->run();
my @clients = map { $t->new_client() } 1 .. 64;
my $user = 0;

is_deeply([ map { verdict($_->request($t->draw(7, ++$user))) } @clients ],
    [ (ISSUED) x 64 ], '64 connections');
ok($t->settled(), 'settled');

for my $round (1 .. 3) {
    my $start = Time::HiRes::time();
    my @old = $t->nginx()->reload();

    ok($t->nginx()->gone(@old), "reload $round: the old workers end");
    cmp_ok(Time::HiRes::time() - $start, '<', scaled(3), 'at once');
    is(scalar(grep { $_->is_closed(timeout => 5) } @clients), 64,
        'having closed the idle connections');
    is_deeply([ map { verdict($_->request($t->draw(7, ++$user))) } @clients ],
        [ (ISSUED) x 64 ], 'the new ones serve');
}

ok($t->settled(), 'no claim is left over');
ok(connected($t), 'the new ones are connected');
ok(await(5, sub {
    my $up = counter(status($t), 'postgres', 'up');
    my $sessions = $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'bb_store'");
    my $clients = () = $t->redis()->cmd(qw(CLIENT LIST)) =~ /name=bb_store /g;

    return $sessions == $up && $clients == 2;
}), 'and nobody else is');
is(scalar status($t)->{workers}->@*, 2, 'two workers by the status');

$t->done();
