# What holds after draws during which something broke.

package BB::Loss;

use v5.36;
use Exporter qw(import);
use Test::More;

use BB::Answer;

our @EXPORT = qw(nothing_lost);


# verdicts: what each of the users read, in their order; also: other verdicts
# that may be among them; silent: so may requests without an answer
# The coupon must have room for all.
sub nothing_lost($t, $id, $users, $verdicts, $name, %o) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my %right = map { $_ => 1 } ISSUED, UNAVAILABLE, ($o{also} // [])->@*;
    my %verdict;

    $right{'connection closed'} = 1 if $o{silent};
    @verdict{@$users} = @$verdicts;

    my %count;

    $count{$_}++ for @$verdicts;
    note("$name: ", join(', ', map { "$count{$_} $_" } sort keys %count));

    my %wrong = map { $_ => $count{$_} } grep { not $right{$_} } keys %count;

    is_deeply(\%wrong, {}, "$name: each is served or told to come again");

    my @again = grep { $verdict{$_} ne ISSUED } @$users;
    my $second = $t->draws($id, \@again);
    my $sum = ($second->{+ISSUED} // 0) + ($second->{+ALREADY_ISSUED} // 0);

    is($sum, scalar @again, "$name: and who comes again gets one");
    ok($t->settled(30), "$name: no claim is left over");

    my @holders = $t->holders($id);

    is_deeply(\@holders, [ sort { $a <=> $b } @$users ], "$name: one row each");
    is_deeply([ $t->members($id) ], \@holders, "$name: members");

    # before they came again
    my %holds = map { $_ => 1 } $t->db()->column('SELECT user_id FROM issued_coupon
        WHERE coupon_id = ? AND user_id = ANY (?)', $id,
        [ grep { $verdict{$_} eq ISSUED } @$users ]);

    is(scalar(keys %holds), $count{+ISSUED} // 0,
        "$name: nothing acknowledged is lost");
}


1;
