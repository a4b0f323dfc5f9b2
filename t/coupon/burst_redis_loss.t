# Redis loses the sets, the scripts or a key in the middle of a burst: nobody gets
# a wrong answer, and never more coupons are issued than there are.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Test;

my $LIMIT = 200;
my @users = 1 .. 10 * $LIMIT;

my $t = BB::Test->new(workers => 2, coupons =>
    [ map { { id => $_, limit => $LIMIT } } 7 .. 12 ])->run();

my %loss = (
    7 => [ 'FLUSHALL', sub { $t->redis()->cmd('FLUSHALL') } ],
    8 => [ 'SCRIPT FLUSH', sub { $t->redis()->cmd(qw(SCRIPT FLUSH)) } ],
    9 => [ 'the set', sub { $t->redis()->cmd('DEL', $t->key(9, ':issued')) } ],
    10 => [ 'the hash', sub { $t->redis()->cmd('DEL', $t->key(10)) } ],
    11 => [ 'both', sub { $t->redis()->cmd('DEL', $t->key(11),
        $t->key(11, ':issued')) } ],
    12 => [ 'everything and the scripts', sub {
        $t->redis()->cmd('FLUSHALL');
        $t->redis()->cmd(qw(SCRIPT FLUSH)) } ],
);

for my $id (sort { $a <=> $b } keys %loss) {
    my ($name, $lose) = $loss{$id}->@*;
    my (%in_flight, @issued, %wrong);

    my @verdicts = map { verdict($_) } $t->burst(
        requests => [ map { [ $t->draw($id, $_) ] } @users ],
        on_answer => sub($answers, $sent, @) {
            # before and after the last coupon has gone
            return if not grep { $answers == $_ } 50, 120, 190, 1000;

            $lose->();
            $in_flight{$_} = 1 for $sent - 64 .. $sent - 1;
        });

    for my $i (0 .. $#verdicts) {
        push @issued, $users[$i] if $verdicts[$i] eq ISSUED;

        next if $verdicts[$i] =~ /\A(?:ISSUED|SOLD_OUT)\z/;
        next if $verdicts[$i] eq UNAVAILABLE and $in_flight{$i};
        $wrong{$verdicts[$i]}++;
    }

    is_deeply(\%wrong, {}, "$name: no other answers");
    ok($t->settled(), "$name: no claim is left over");

    my @holders = $t->holders($id);
    my %holds = map { $_ => 1 } @holders;

    is(scalar @holders, $LIMIT, "$name: as many rows as coupons");
    is(scalar(grep { not $holds{$_} } @issued), 0,
        "$name: who was told so has one");
    is_deeply($t->draws($id, \@holders), { ALREADY_ISSUED => $LIMIT },
        "$name: and is told so again");

    # a draw that Redis has to decide loads what it lost; until then the zone
    # answers, which knows the coupon to be sold out
    ok(await(10, sub {
        $t->claim($id, user => $holders[0]);
        $t->members($id) == @holders;
    }), "$name: loaded again");
    is_deeply([ $t->members($id) ], \@holders, "$name: members");
}

$t->done();
