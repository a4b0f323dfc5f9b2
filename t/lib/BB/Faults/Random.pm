# Numbers that depend on a seed and on nothing else (xorshift64*).

package BB::Faults::Random;

use v5.36;
no warnings qw(portable);


sub new($class, $seed) {
    my $self = bless { state => ($seed + 1) ^ 0x9E3779B97F4A7C15 }, $class;

    # seeds that differ in one bit are apart after that
    $self->below(1) for 1 .. 20;
    return $self;
}


# From 0 to $n - 1.
sub below($self, $n) {
    my $x = $self->{state};

    $x ^= $x << 13;
    $x ^= $x >> 7;
    $x ^= $x << 17;
    $self->{state} = $x;

    # without it, what neighbouring seeds give would look alike
    my $mixed = do { use integer; $x * 0x2545F4914F6CDD1D };

    return ($mixed >> 33) % $n;
}


1;
