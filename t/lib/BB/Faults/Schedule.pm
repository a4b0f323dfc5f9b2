# What happens in a run of the fault runner: a function of its seed alone.

package BB::Faults::Schedule;

use v5.36;
use List::Util qw(min);

use BB::Faults::Kinds;
use BB::Faults::Random;

my $STAGES = 3;


# A stage has a store and coupons of its own, draws for them, and a fault, or two
# at once.  Of the answers of a stage:
# after: this many come before the fault;  second: and so many more before the
# second one;  last: so many are served after all faults
sub new($class, $seed, %o) {
    my $random = BB::Faults::Random->new($seed);
    my $self = bless { seed => $seed, brief => $o{brief} // 0, stages => [] }, $class;

    # one of four runs is of the weaker promise
    $self->{ack} = $random->below(4) ? 'commit' : 'claim';
    push $self->{stages}->@*, $self->_stage($random, $_) for 0 .. $STAGES - 1;

    return $self;
}


sub _stage($self, $random, $i) {
    my @names = _fault($self->{seed} * $STAGES + $i);

    my @others = BB::Faults::Kinds::partners($names[0]);

    if (@others and $random->below(4) == 0) {
        push @names, $others[ $random->below(scalar @others) ];
    }

    my $users = 60 + $random->below(140);

    return {
        store => $i + 1,
        users => $users,

        # sold out soon, sold out later, never sold out
        coupons => [
            { id => 64 * $i + 1, limit => 10 + $random->below(20) },
            { id => 64 * $i + 2, limit => 40 + $random->below($users - 50) },
            { id => 64 * $i + 3 + $random->below(60), limit => $users + 100 },
        ],
        after => 20 + $random->below(180),
        second => 1 + $random->below(60),
        last => 40 + $random->below(80),
        faults => [ map { $self->_parameters($random, $_) } @names ],
    };
}


# Every kind comes once in each round of as many stages as there are kinds, in an
# order that differs from round to round.
sub _fault($n) {
    my @names = BB::Faults::Kinds::names();
    my $random = BB::Faults::Random->new(1_000_000 + int($n / @names));

    for my $i (reverse 1 .. $#names) {
        my $j = $random->below($i + 1);

        @names[$i, $j] = @names[$j, $i];
    }

    return $names[$n % @names];
}


# held: seconds from the beginning of the fault to its end;  number: what the kind
# makes of it
sub _parameters($self, $random, $name) {
    my ($least, $most) = BB::Faults::Kinds::held($name);
    my $number = $random->below(1 << 20);

    # rather short than long
    my $held = $least + ($most - $least) * ($random->below(1001) / 1000) ** 3;

    $held = min($held, $least / 4 + $most / 20) if $self->{brief};

    return { name => $name, held => $held, number => $number };
}


1;
