# A coupon is edited while a burst runs: each draw is judged by the old or the new
# values, those sent after the edit was answered by the new ones.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(workers => 2, coupons => [
    map({ { id => $_, limit => 50, start => 0 } } 7, 11),
    map({ { id => $_, limit => 2000, start => 0 } } 8, 9, 10) ])->run();

my @users = 1 .. 1500;

sub edit($id, %o) {
    return $t->request('PUT', "/stores/1/coupons/$id", user => 101, body => {
        couponName => 'a', discountPrice => 1, minPrice => 1, limitCount => 2000,
        startDate => $t->today(), endDate => $t->today(7), %o });
}

# Runs a burst with some steps, each taken when so many answers have come;
# returns the verdicts, for each step which request was the first after it, and
# for each request its place among the answers.
sub draws($id, %steps) {
    my (@first, @place);
    my @verdicts = map { verdict($_) } $t->burst(
        requests => [ map { [ $t->draw($id, $_) ] } @users ],
        on_answer => sub($answers, $sent, $index) {
            $place[$index] = $answers;

            my $step = $steps{$answers} // return;

            ok_void($step->(), "coupon $id: edited after $answers answers");
            push @first, $sent;
        });

    my @issued = grep { $verdicts[$_ - 1] eq ISSUED } @users;

    ok($t->settled(), "coupon $id: no claim is left over");
    is_deeply([ $t->holders($id) ], \@issued, "coupon $id: rows");
    is_deeply([ $t->members($id) ], \@issued, "coupon $id: members");

    return (\@verdicts, \@first, \@place);
}

sub count($verdicts) {
    my %count;

    $count{$_}++ for @$verdicts;
    return \%count;
}


# limit

my ($verdicts, $first) = draws(7, 400 => sub { edit(7, limitCount => 150) });
is_deeply(count($verdicts), { ISSUED => 150, SOLD_OUT => 1350 }, 'raised');

($verdicts, $first) = draws(8, 300 => sub { edit(8, limitCount => 20) });
is_deeply(count([ @$verdicts[ $first->[0] .. $#users ] ]),
    { SOLD_OUT => @users - $first->[0] }, 'lowered: nothing more');
cmp_ok(count($verdicts)->{ISSUED}, '>=', 300, 'what was issued before counts');

($verdicts, $first) = draws(11,
    map { my $step = $_; (100 * $step => sub { edit(11, limitCount =>
        50 + 10 * ($step % 3)) }) } 1 .. 12);

# a draw that waits for its commit while the limit is lowered may be judged by that
my $count = count($verdicts);
my $issued = $count->{ISSUED};

is($issued + $count->{SOLD_OUT}, @users, 'raised and lowered: no other answer');
cmp_ok($issued, '>=', 50, 'at least the smallest limit');
cmp_ok($issued, '<=', 70, 'at most the largest');

ok_void(edit(11, limitCount => 70), 'the largest once more');
is_deeply($t->draws(11, [ 2001 .. 2100 ]),
    { $issued < 70 ? (ISSUED, 70 - $issued) : (), SOLD_OUT, 30 + $issued },
    'exactly up to it');


# deletion

($verdicts, $first) = draws(9,
    300 => sub { $t->delete('/stores/1/coupons/9', user => 101) });
is_deeply(count([ @$verdicts[ $first->[0] .. $#users ] ]),
    { DELETED => @users - $first->[0] }, 'deleted: nothing more');


# dates

($verdicts, $first, my $place) = draws(10,
    200 => sub { edit(10, startDate => $t->today(1)) },
    600 => sub { edit(10) });
my ($gap, $again) = @$first;
my @between = grep { $place->[$_] <= 600 } $gap .. $#users;
is_deeply(count([ @$verdicts[@between] ]), { NOT_STARTED => scalar @between },
    'put off: nothing until the next edit');
is_deeply(count([ grep { $_ ne NOT_STARTED } @$verdicts[ $again .. $#users ] ]),
    { ISSUED => @users - $again }, 'brought back: all are issued');

$t->done();
