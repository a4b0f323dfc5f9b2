# What a run of the fault runner does depends on its seed alone, and all kinds of
# faults come in turn.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(max min uniq);
use Test::More;

use BB::Faults::Kinds;
use BB::Faults::Random;
use BB::Faults::Schedule;

my $random = BB::Faults::Random->new(7);

# also on another machine, and with another Perl
is(join(' ', map { $random->below(1000) } 1 .. 8),
    '389 734 397 877 614 393 30 845', 'numbers of seed 7');

my @names = BB::Faults::Kinds::names();
my %schedule = map { $_ => BB::Faults::Schedule->new($_) } 0 .. 299;

is_deeply(BB::Faults::Schedule->new($_), $schedule{$_}, "seed $_ again")
    for 0, 1, 299;

my @stages = map { $_->{stages}->@* } @schedule{ 0 .. 299 };
my %runs;

$runs{$_->{faults}[0]{name}}++ for @stages;
is_deeply([ sort keys %runs ], [ sort @names ], 'all kinds come');
cmp_ok(max(values %runs) - min(values %runs), '<=', 1, 'one as often as another');

my $first = int(@names / 3) - 1;

is(scalar(uniq(map { $_->{faults}[0]{name} } map { $_->{stages}->@* }
    @schedule{ 0 .. $first })), 3 * ($first + 1), 'the first seeds repeat none');

my $both = grep { $_->{faults}->@* == 2 } @stages;

cmp_ok($both, '>', @stages / 5, 'some come together');
cmp_ok($both, '<', @stages / 3, 'most come alone');

is(scalar(grep {
    my ($one, $other) = map { BB::Faults::Kinds::kind($_->{name}) }
        $_->{faults}->@*;
    $other and $one->{servers} eq $other->{servers};
} @stages), 0, 'never two of one server');

my $claim = grep { $_->{ack} eq 'claim' } values %schedule;

cmp_ok($claim, '>', 50, 'runs with the weaker promise');
cmp_ok($claim, '<', 100, 'are the fewer ones');

is(scalar(grep { my $stage = $_;
    grep { $_->{limit} < 1 } $stage->{coupons}->@* } @stages), 0, 'limits');
is(scalar(grep { my %ids = map { $_->{id} => 1 }
    map { $_->{coupons}->@* } $_->{stages}->@*; keys %ids != 9 }
    values %schedule), 0, 'each stage has coupons of its own');

my $brief = BB::Faults::Schedule->new(5, brief => 1);

is_deeply([ map { $_->{name} } map { $_->{faults}->@* } $brief->{stages}->@* ],
    [ map { $_->{name} } map { $_->{faults}->@* } $schedule{5}{stages}->@* ],
    'a brief run has the same faults');

done_testing();
