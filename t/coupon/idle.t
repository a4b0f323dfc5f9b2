# Connections that were idle while Redis or PostgreSQL restarted are of use again: the
# next request may fail, the one after it succeeds.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(workers => 2, coupons => [ { id => 7, limit => 10000 } ])->run();

my @clients = map { $t->new_client() } 1 .. 64;
my $user = 0;

sub all_draw() {
    my @verdicts;

    push @verdicts, verdict($_->request($t->draw(7, ++$user))) for @clients;
    return \@verdicts;
}

my $all = [ (ISSUED) x 64 ];

is_deeply(all_draw(), $all, '64 connections');

my @restarts = (
    [ 'Redis restarted', sub { $t->redis()->restart() } ],
    [ 'Redis crashed', sub { $t->redis()->restart(signal => 'KILL') } ],
    [ 'Redis restarted empty', sub { $t->redis()->restart(empty => 1) } ],
    [ 'Redis dropped its clients', sub { $t->redis()->drop_clients() } ],
    [ 'PostgreSQL restarted', sub { $t->db()->restart('fast') } ],
    [ 'PostgreSQL crashed', sub { $t->db()->restart('immediate') } ],
    [ 'PostgreSQL dropped its clients', sub { $t->db()->drop_clients() } ],
    [ 'both restarted', sub { $t->redis()->restart(); $t->db()->restart() } ],
);

for my $restart (@restarts) {
    my ($name, $code) = @$restart;

    $code->();

    my @first = all_draw()->@*;

    is(scalar(grep { $_ ne ISSUED and $_ ne UNAVAILABLE } @first), 0,
        "$name: the next requests are answered");
    # one for each worker
    cmp_ok(scalar(grep { $_ eq UNAVAILABLE } @first), '<=', 2,
        "$name: at most one each has failed");
    is_deeply(all_draw(), $all, "$name: all succeed");
}

ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ $t->members(7) ], 'rows and members agree');
ok((not grep { $_->is_closed() } @clients), 'all connections are still open');

$t->done();
