# Audits while a coupon is drawn: no claim under way is taken for a difference, and
# no repair takes a place away.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use JSON::PP;
use POSIX ();
use Test::More;

use BB::Answer;
use BB::Audit;
use BB::Test;

my $USERS = 8000;
my $LIMIT = 7000;

my $t = BB::Test->new(workers => 2, http => 'bb_store_audit off;', coupons => [
    { id => 7, limit => $LIMIT }, { id => 71 } ])->run();

is($t->claim($_, user => 1), ISSUED, "coupon $_ is loaded") for 7, 71;


# the draws run beside the audits, in a process of their own

my $pid = open(my $draws, '-|') // die "fork: $!\n";

if ($pid == 0) {
    print encode_json($t->draws(7, [ 2 .. $USERS + 1 ]));
    close(STDOUT);
    POSIX::_exit(0);
}

my ($looks, $pending, $repairs, @wrong) = (0, 0, 0);

while (not IO::Select->new($draws)->can_read(0)) {
    my $report = ++$looks % 4 ? audit($t, 7) : repair($t, 7);

    $repairs += $_ for values(($report->{repaired} // {})->%*);
    $pending++ if $report->{pending};
    push @wrong, $report if not $report->{consistent};
}

my $count = decode_json(readline($draws) // 'null');

close($draws);
is_deeply($count, { ISSUED => $LIMIT - 1, SOLD_OUT => $USERS - $LIMIT + 1 },
    'each user is served');
note("$looks looks, $pending of them saw claims under way");
is_deeply(\@wrong, [], 'no look found a difference');
is($repairs, 0, 'nothing was repaired');


# claims that wait for PostgreSQL

my $hold = $t->db()->hold_coupons(71);
my @waiting = $t->begin_draws(71, [ 2 .. 4 ]);

is_consistent($t, 71, 'claims that wait', pending => 3, members => 4, rows => 1);
is_deeply(repair($t, 71)->{repaired}, { members_added => 0, members_removed => 0,
    fields_put => 0, issued_count_set => 0 }, 'they keep their places');
$hold->rollback();
is(verdict($_->answer()), ISSUED, 'one is stored') for @waiting;

ok($t->settled(), 'no claim is left over');
is_consistent($t, 7, 'in the end', rows => $LIMIT, members => $LIMIT, pending => 0,
    issued_count => $LIMIT);
is_consistent($t, 71, 'the other one', rows => 4, members => 4, pending => 0);

$t->done();
