# Counters go on over a reload and over the death of a worker.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(workers => 1, coupons => [ { id => 7 } ])->run();
my $user = 0;

sub draws_counted($n, $name) {
    my $status = status($t);

    is_deeply([ $status->{coupon}->@{qw(won rows)} ], [ $n, $n ],
        "$name: claims");
    is($status->{requests}{success}, $n, "$name: requests");
    return $status;
}

is($t->claim(7, user => ++$user), ISSUED, 'drawn') for 1 .. 3;
ok($t->settled(), 'settled');

my $first = draws_counted(3, 'at first');

$t->nginx()->reconfigure();
my $second = draws_counted(3, 'after a reload');

is($second->{started}, $first->{started}, 'the same zone');
isnt($second->{workers}[0]{pid}, $first->{workers}[0]{pid}, 'another worker');
is($t->claim(7, user => ++$user), ISSUED, 'drawn');
ok($t->settled(), 'settled');
draws_counted(4, 'more');

$t->nginx()->kill_worker($second->{workers}[0]{pid});
is($t->claim(7, user => ++$user), ISSUED, 'drawn');
ok($t->settled(), 'settled');

my $third = draws_counted(5, 'after a death');

is(scalar $third->{workers}->@*, 1, 'the dead one is not listed');
is($third->{workers}[0]{exiting}, JSON::PP::false(), 'the other one goes on');

$t->done();
