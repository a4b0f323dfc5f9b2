# One worker commits for all of its host: draws at any worker are stored and told,
# and when that worker dies, is silent, or cannot store a claim, the others commit by
# themselves.  Needs the test build of the module (make FAULTS=1).

use v5.36;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM pack_sockaddr_un);
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
use BB::Process qw(await server_user);
use BB::Test;

my $WORKERS = 3;
my $CROWD = 60;
my $FEW = 12;
my $MANY = 300;          # of 1,060 bytes each: more than the socket takes
my $SWEEP = 'bb_store_sweep 500ms;';

my $t = BB::Test->new(workers => $WORKERS, http => $SWEEP,
    coupons => [ map { { id => $_, limit => 100_000 } } 1 .. 20 ])->run();
my $nginx = $t->nginx();
my ($dead, $next) = (0, 1);

$nginx->excuse(qr/exited on signal 9/);

sub new_users($n = $CROWD) { return map { $next++ } 1 .. $n }

# Until the new workers can store: what a committer cannot, it gives back.
sub reconfigure(%o) {
    $nginx->reconfigure(%o);
    connected($t) or die "no connections\n";
}

# What the workers lent, and what came back, since the last time.
sub lent() {
    state %before;
    my $now = status($t)->{coupon};
    my @grown = map { my $old = $before{$_} // 0; ($before{$_} = $now->{$_}) - $old }
        qw(lent returned);

    return @grown;
}

# New users draw all at once; returns them and their verdicts.
sub draw_together($id, @users) {
    @users = new_users() if not @users;
    return (\@users, [ map { verdict($_->answer()) } begin($id, @users) ]);
}

# The same at the other workers alone: the committer sleeps until Redis has granted
# all, for less than makes it a silent one.  enough: ends the wait before that
sub draw_at_others($id, $enough = sub { 0 }) {
    my @users = new_users($FEW);
    my @clients = alone($t, (committer($t))[0], sub {
        my @begun = begin($id, @users);

        await(10, sub {
            grep({ $_ >= $users[0] } $t->members($id)) == $FEW or $enough->();
        })
            or die join(' ', 'not all draws were granted:', map { verdict($_->answer()) } @begun),
                "\n", $nginx->log_text();
        return @begun;
    });

    return (\@users, [ map { verdict($_->answer()) } @clients ]);
}

# The clients of draws by these users, each on a connection of its own.
sub begin($id, @users) {
    return map {
        my $client = $t->new_client();

        $client->write(BB::Client::request_bytes($t->draw($id, $_)));
        $client;
    } @users;
}

sub all_issued($id, $name, $draw = \&draw_together) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($users, $verdicts) = $draw->($id);

    is_deeply($verdicts, [ (ISSUED) x @$users ], "$name: all are told");

    my %holds = map { $_ => 1 } $t->holders($id);

    is_deeply([ grep { not $holds{$_} } @$users ], [], "$name: all are stored");
}


# together

connected($t) or die "no connections\n";
all_issued(1, 'together');
is((lent())[1], 0, 'none came back');
all_issued(1, 'at the others', \&draw_at_others);
is_deeply([ lent() ], [ $FEW, 0 ], 'all of these were lent, none came back');


# many and long ones: what is lent comes in pieces, and fills the socket meanwhile

my @crowd = new_users($MANY);
my $long = '{"nickname":"' . '봄' x 255 . '","phoneNumber":"' . '1' x 255 . '"}';
my @long = alone($t, (committer($t))[0], sub {
    my @begun = map {
        my $client = $t->new_client();

        $client->write(BB::Client::request_bytes('POST', '/stores/coupons/14',
            user => $_, body => $long));
        $client;
    } @crowd;

    await(10, sub { $t->members(14) == $MANY }) or die "not all draws were granted\n";
    return @begun;
});

is_deeply([ map { verdict($_->answer()) } @long ], [ (ISSUED) x $MANY ],
    'in pieces: all are told');
is_deeply([ $t->holders(14) ], \@crowd, 'and stored');
is($t->db()->value("SELECT count(*) FROM issued_coupon WHERE coupon_id = 14
    AND nickname = repeat('봄', 255) AND phone_number = repeat('1', 255)"), $MANY,
    'as they were sent');
# a checker makes it a silent one, whose claims come back
cmp_ok((lent())[0], '>', 0, 'and lent');


# twice the same user, at two workers

my ($same) = new_users(1);
my (undef, $twice) = draw_together(2, ($same) x 30);

is_deeply([ sort @$twice ], [ (ALREADY_ISSUED) x 29, ISSUED ], 'one user: one coupon');


# each for itself

reconfigure(http => "$SWEEP bb_store_coupon_committer worker;");
lent();
all_issued(3, 'each for itself');
is_deeply([ lent() ], [ 0, 0 ], 'nothing is lent');


# the committer dies with claims of others

for my $point (qw(batch_sent committed)) {
    my $id = 3 + ++$dead;

    reconfigure(http => "$SWEEP bb_store_fault $point;");

    all_issued($id, $point, \&draw_at_others);
    ok($nginx->logged(qr/worker ends at "$point"/), "$point: a worker has ended");
    is_deeply([ lent() ], [ $FEW, $FEW ], "$point: its claims came back");
    ok($nginx->logged(qr/exited on signal 9/, $dead)
        && await(10, sub { $nginx->workers() == $WORKERS }), "$point: a new one");
    reconfigure(http => $SWEEP);
    all_issued($id, "after $point", \&draw_at_others);
    is_deeply([ lent() ], [ $FEW, 0 ], "after $point: lent again");
}


# one that has lent dies

reconfigure(http => "$SWEEP bb_store_fault lent;");
$dead++;

my ($users, $verdicts) = draw_at_others(7, sub {
    $nginx->log_text() =~ /worker ends at "lent"/;
});

ok($nginx->logged(qr/worker ends at "lent"/), 'a lender has ended');
nothing_lost($t, 7, $users, $verdicts, 'lender', silent => 1);
ok($nginx->logged(qr/exited on signal 9/, $dead)
    && await(10, sub { $nginx->workers() == $WORKERS }), 'lender: a new one');
reconfigure(http => $SWEEP);


# the committer is silent: it takes no connection, and answers nothing

my $silent;

($users, $verdicts) = alone($t, (committer($t))[0], sub {
    my @drawn = draw_together(8);

    $silent = $nginx->logged(qr/the worker that commits is silent, \d+ claims/);
    return @drawn;
});

ok($silent, 'the log tells that it is silent');
is_deeply($verdicts, [ (ISSUED) x @$users ], 'silent: the others commit');
nothing_lost($t, 8, $users, $verdicts, 'silent');
lent();


# a locked row

reconfigure(http => $SWEEP);

my $hold = $t->db()->hold_coupons(9);
my @held = new_users();
my @locked = begin(9, @held);

ok($nginx->logged(qr/coupon 9 is locked by another session/), 'a row is locked');
all_issued(10, 'beside the locked one');
$hold->rollback();
is_deeply([ map { verdict($_->answer()) } @locked ], [ (ISSUED) x $CROWD ], 'the locked one, when it is free');
cmp_ok((lent())[1], '>', 0, 'its claims came back to their workers');


# a row that PostgreSQL refuses

my $bad = $next + 17;

$t->db()->do(qq{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \$\$
    BEGIN
        RAISE EXCEPTION 'never' USING ERRCODE = 'check_violation';
    END \$\$;
    CREATE TRIGGER refuse BEFORE INSERT ON issued_coupon
    FOR EACH ROW WHEN (NEW.user_id = $bad) EXECUTE FUNCTION refuse()});
reconfigure(http => $SWEEP);
($users, $verdicts) = draw_together(11);
like($verdicts->[17], qr/\A500\b/, 'a bad row is not stored');
splice(@$verdicts, 17, 1);
is_deeply($verdicts, [ (ISSUED) x @$verdicts ], 'all others are');
$t->db()->do('DROP FUNCTION refuse CASCADE');
ok($t->settled(), 'a bad row: no claim is left over');


# sold out, as only PostgreSQL knows: the places are given back

$t->db()->do('UPDATE coupon SET limit_count = 41 WHERE id = 12');
$t->redis()->cmd('HSET', $t->key(12), 'limit', 1000);
($users, $verdicts) = draw_together(12);

my %count;

$count{$_}++ for @$verdicts;
is_deeply(\%count, { ISSUED => 41, SOLD_OUT => 19 }, 'sold out: no more than the limit');
ok($t->settled(), 'sold out: no claim is left over');
is_deeply([ $t->members(12) ], [ $t->holders(12) ], 'sold out: the members have rows');


# acknowledged at once, stored later

reconfigure(http => $SWEEP, location => 'bb_store_coupon_ack claim;');
lent();
($users, $verdicts) = draw_at_others(13);
nothing_lost($t, 13, $users, $verdicts, 'ack claim');
is_deeply([ lent() ], [ $FEW, 0 ], 'ack claim: all were lent, none came back');
reconfigure(http => $SWEEP, location => '');


# a process of another user cannot lend

{
    open(my $in, '<', '/proc/net/unix') or die "/proc/net/unix: $!\n";

    my %ours = map { (readlink($_) // '') =~ /\Asocket:\[(\d+)\]\z/ ? ($1 => 1) : () }
        glob('/proc/' . $nginx->pid() . '/fd/*');
    my ($name) = map { $_->[7] } grep { $ours{ $_->[6] } and $_->[3] eq '00010000' }
        map { [ split ] } <$in>;

    like($name, qr/\A@/, 'the address is no file');
    socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
    connect($socket, pack_sockaddr_un("\0" . substr($name, 1))) or die "$name: $!\n";

    # the tests run as root, and workers do not; or both as the same
    if (defined server_user()) {
        is(sysread($socket, my $byte, 1), 0, 'another user: the connection is closed');
        ok($nginx->logged(qr/\[warn\].*a process of another user/), 'and the log tells');
    } else {
        syswrite($socket, 'x' x 7);
        ok(1, 'the same user may');
    }
}

$t->done();
