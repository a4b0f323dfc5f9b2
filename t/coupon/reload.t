# nginx is told to reload or to quit with claims in flight: each is answered, none
# is lost, and the old workers end.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(workers => 2, coupons => [
    map { { id => $_, limit => 2000 } } 7, 8, 9 ])->run();

is($t->claim($_, user => 1), ISSUED, "coupon $_ is loaded") for 7, 8, 9;

# The answers to come; each client then leaves.
sub verdicts(@clients) {
    my @verdicts;

    for my $client (@clients) {
        push @verdicts, verdict($client->answer());
        $client->close();
    }

    return \@verdicts;
}


# reload, while PostgreSQL does not answer

my $hold = $t->db()->hold_coupons(7);
my @clients = $t->begin_draws(7, [ 2 .. 41 ]);
my @old = $t->nginx()->reload();

is($t->new_client()->request('GET', '/stores/coupons/my', user => 9)->status(), 200,
    'new workers serve');
ok($t->nginx()->are_alive(@old), 'the old ones wait for PostgreSQL');
$hold->rollback();

is_deeply(verdicts(@clients), [ (ISSUED) x 40 ], 'each claim is answered');
ok($t->nginx()->gone(@old), 'the old workers end');
is_deeply([ $t->holders(7) ], [ 1 .. 41 ], 'nothing is lost');


# reloads under load

my %gone;
my @users = 101 .. 3100;
my @verdicts = map { verdict($_) } $t->burst(
    requests => [ map { [ $t->draw(8, $_) ] } @users ],
    on_answer => sub($answers, @) {
        $gone{$_} = 1 for $answers % 700 ? () : $t->nginx()->reload();
    });
my %count;

# nginx closes idle connections of old workers, also as a request arrives
$count{$_}++ for @verdicts;
delete $count{'connection closed'};
is_deeply([ sort keys %count ], [ ISSUED, SOLD_OUT ], 'no other answers');
ok($t->settled(), 'no claim is left over');

my %holds = map { $_ => 1 } $t->holders(8);
my @wrong = grep {
    ($verdicts[$_] eq ISSUED) != exists $holds{$users[$_]};
} 0 .. $#users;

is("@wrong", '', 'whose claim was stored was told so, and no other');
cmp_ok(scalar keys %gone, '>=', 8, 'reloads');
ok($t->nginx()->gone(keys %gone), 'the old workers end');


# quit

$hold = $t->db()->hold_coupons(9);
@clients = $t->begin_draws(9, [ 2 .. 41 ]);
$t->nginx()->begin_quit();
$hold->rollback();

is_deeply(verdicts(@clients), [ (ISSUED) x 40 ], 'quit: each claim is answered');
ok($t->nginx()->quit(), 'nginx ends');
is_deeply([ $t->holders(9) ], [ 1 .. 41 ], 'nothing is lost');
is($t->claims_left(), 0, 'no claim is left over');

$t->done();
