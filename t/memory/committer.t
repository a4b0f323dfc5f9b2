# Memory runs out, once, at each allocation of a worker that lends its claims to the
# one that commits for the host, and of the latter: nothing acknowledged is lost, and
# nobody has two.  Needs the test build of the module (make FAULTS=1).

use v5.36;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

BEGIN {
    $ENV{BB_MODULE} = $ENV{BB_FAULTS_MODULE}
        // abs_path("$FindBin::Bin/../..") . '/build-faults/ngx_bb_store_module.so';
    die "$ENV{BB_MODULE} is missing: make FAULTS=1\n" if not -f $ENV{BB_MODULE};
}

use BB::Answer;
use BB::Client;
use BB::Committer;
use BB::Loss;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my $MISSES = 2;          # in a row: there is no such allocation any more
my $DRAWS = 3;
my $HTTP = 'bb_store_sweep 500ms; bb_store_audit off;';

my $t = BB::Test->new(workers => 2, http => $HTTP,
    location => 'bb_store_coupon_timeout 600ms;',
    coupons => [ map { { id => $_, limit => 100_000 } } 7, 8 ])->run();
my $nginx = $t->nginx();
my $next = 1;

is($t->claim($_, user => 1_000_000), ISSUED, "coupon $_ is loaded") for 7, 8;

# How many allocations have failed so far.
sub failed() { return scalar(() = $nginx->log_text() =~ /an allocation fails/g) }

for (my ($lender, $id) = (1, 7); $id <= 8; $lender = 0, $id++) {
    my $who = $lender ? 'lender' : 'committer';
    my ($n, $hits, $misses, @users, @verdicts) = (0, 0, 0);

    while ($misses < $MISSES) {
        $n++;

        # new workers, which have no connection between them
        $nginx->reconfigure(http => $HTTP);
        connected($t) or die "no connections\n";

        my $before = failed();
        my @new = map { $next++ } 1 .. $DRAWS;
        my ($committer, $other) = committer($t);

        alone($t, $lender ? $committer : $other, sub {
            $t->new_client('ops')->request('GET', '/livez',
                headers => [ 'Fault-Allocation' => $n ]);
        });

        my @clients = alone($t, $committer, sub {
            my @begun = map {
                my $client = $t->new_client();

                $client->write(BB::Client::request_bytes($t->draw($id, $_)));
                $client;
            } @new;

            # those that Redis has, and none that has failed before
            await(10, sub {
                my %is = map { $_ => 1 } $t->members($id);

                return failed() > $before || $DRAWS == grep { $is{$_} } @new;
            }) or die "$who $n: no draw\n";

            return @begun;
        });

        push @users, @new;
        push @verdicts, map { verdict($_->answer()) } @clients;

        if (failed() > $before) {
            $hits++;
            $misses = 0;
        } else {
            $misses++;
        }
    }

    # nothing fails any more
    $nginx->reconfigure(http => $HTTP);

    note("$who: $hits allocations");
    cmp_ok($hits, '>', 5, "$who: there are allocations");

    # told that something is wrong, or not told
    $_ = $_ eq ISSUED ? $_ : /\A500\b|connection closed/ ? UNAVAILABLE : $_
        for @verdicts;

    nothing_lost($t, $id, [ @users, 1_000_000 ], [ @verdicts, ISSUED ], $who);
}

$t->done();
