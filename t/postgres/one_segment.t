# The statements of one turn of the event loop go to PostgreSQL together: the first
# at once, those behind it in one segment.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Crowd;
use BB::Ops;
use BB::Proxy;
use BB::Test;

my $N = 60;
my $t = BB::Test->new(nginx => 0, stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7 } ], postgres_args => 'connections=1')->run();
my $proxy = BB::Proxy->new(target => $t->db()->port());
my $port = $proxy->port();

$t->nginx()->{conninfo} = $t->db()->conninfo() =~ s/\bport=\d+/port=$port/r;
$t->nginx()->start();
ok(connected($t), 'connected');

my $crowd = BB::Crowd->new($t, $N);
my @reads = ([ 'GET', '/stores/1/coupons', user => 101 ]) x $N;

is(scalar(grep { $_->status() == 200 } $crowd->ask(@reads)), $N, 'prepared');

# a turn may end early, so the same again
my @sent;

for (1 .. 5) {
    my $before = $proxy->segments();

    is(scalar(grep { $_->status() == 200 } $crowd->ask(@reads)), $N, 'answered');
    push @sent, $proxy->segments() - $before;
}

my ($least) = sort { $a <=> $b } @sent;

is($least, 2, "segments of $N statements in a turn") or diag("@sent");

# one alone does not wait for others
my $before = $proxy->segments();

is($t->get('/stores/1/coupons', user => 101)->status(), 200, 'one');
is($proxy->segments() - $before, 1, 'its segment');

$t->done();
$proxy->stop();
