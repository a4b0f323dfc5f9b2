# Workers die by kill -9 again and again, under load and with the shared zone's mutex
# in their hands: no lock stays behind, no answer is wrong, counters go on, and the
# slots of the dead are used again.  BB_LONG=1 kills 500 under load.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(sum0);
use Test::More;

use BB::Answer;
use BB::Loss;
use BB::Ops;
use BB::Process qw(await);
use BB::Services;
use BB::Store;
use BB::Test;

my $KILLS = $ENV{BB_LONG} ? 500 : 30;
my $EVERY = 60;                   # answers between two kills
my $SLOTS = 256;                  # BB_SHM_WORKERS
my ($LOCK, $WAIT) = (0, 8);       # of the mutex at the beginning of the zone
my $ZONE_SIZE = 8 << 20;          # BB::Nginx's; no other shared mapping has it

my $t = BB::Test->new(workers => 2, domains => 'coupon store',
    http => 'bb_store_sweep 500ms;', coupons => [ { id => 7, limit => 1_000_000 },
        { id => 8, issued => [ 1 ] }, { id => 9, limit => 0 } ]);
my $services = BB::Services->new($t, dead => 1, breaker => 'bb_store_breaker default
    window=10 calls=4 failures=50% open=20ms trials=2 half_open=100ms;');

$t->run();
my $nginx = $t->nginx();

# what the master says when it takes the mutex from a dead worker
$nginx->excuse(qr/shared memory zone "bb" was locked by/);

# A word of the zone, read or written in the memory of a worker.
sub word($pid, $offset, $value = undef) {
    no warnings 'portable';        # 64 bits

    my ($zone) = do {
        open(my $maps, '<', "/proc/$pid/maps") or die "maps of $pid: $!\n";
        grep { hex($_->[1]) - hex($_->[0]) == $ZONE_SIZE }
            map { /\A(\w+)-(\w+) rw-s / ? [ $1, $2 ] : () } <$maps>;
    } or die "worker $pid has no zone\n";

    open(my $mem, defined $value ? '+<' : '<', "/proc/$pid/mem")
        or die "memory of $pid: $!\n";
    sysseek($mem, hex($zone->[0]) + $offset, 0) or die "seek: $!\n";

    if (defined $value) {
        syswrite($mem, pack('Q', $value)) == 8 or die "write: $!\n";
        return $value;
    }

    sysread($mem, my $bytes, 8) == 8 or die "read: $!\n";
    return unpack('Q', $bytes);
}

sub is_stopped($pid) {
    open(my $stat, '<', "/proc/$pid/stat") or return 0;
    return <$stat> =~ /\) T /;
}

# Leaves a worker stopped as it would be in the midst of a change of the zone; the
# others go on.
sub hold_lock($holder, @others) {
    await(10, sub {
        kill('STOP', $holder, @others);
        await(5, sub { not grep { not is_stopped($_) } $holder, @others })
            or die "workers do not stop\n";

        my $is_free = word($holder, $LOCK) == 0;

        word($holder, $LOCK, $holder) if $is_free;
        kill('CONT', $is_free ? () : $holder, @others);
        return $is_free;
    }) or die "the mutex is never free\n";
}


# the mutex of a worker that dies is given to who waits for it

my @list = ('GET', '/stores/list?size=2', user => 7);
my $list = $t->request(@list)->whole();

like($list, qr/"isLiked":false/, 'a list without its likes');

my ($holder, $other) = $nginx->workers();

hold_lock($holder, $other);

my $client = $t->new_client();

$client->write(BB::Client::request_bytes(@list));
ok(await(10, sub { word($other, $WAIT) > 0 }), 'a worker waits for the mutex');
$nginx->kill_worker($holder);
is($client->answer()->whole(), $list, 'and gets it when the holder is dead');
is(word($other, $LOCK), 0, 'the mutex is free');


# deaths under load

my (%sent, @requests, @users);

for my $i (0 .. ($KILLS + 1) * $EVERY) {
    my $kind = (qw(draw draw draw again sold_out list))[$i % 6];

    push @users, $i + 1 if $kind eq 'draw';
    push $sent{$kind}->@*, $i;
    push @requests, $kind eq 'list' ? [ @list ] : [ $t->draw($kind eq 'draw' ? 7
        : $kind eq 'again' ? 8 : 9, $kind eq 'again' ? 1 : $i + 1) ];
}

sub counters($status) {
    my $coupon = $status->{coupon};
    my $breaker = $status->{breakers}{getStoreLikes};

    return (requests => sum0(values $status->{requests}->%*),
        map({ $_ => $coupon->{$_} } qw(claims won batches rows)),
        map({ $_ => $breaker->{$_} } qw(passed refused failures opened)));
}

my %before = counters(status($t));
my %last = %before;
my ($killed, @fallen) = (0);

my @answers = $t->burst(connections => 32, requests => \@requests, timeout => 600,
    on_answer => sub($answers, @) {
        return if $answers % $EVERY or $killed == $KILLS;

        my @workers = $nginx->workers();
        @workers = reverse @workers if $killed % 2;

        hold_lock(@workers) if $killed % 3 == 0;
        $nginx->kill_worker($workers[0]);
        $killed++;

        my %now = counters(status($t));

        push @fallen, map { "$_: $last{$_} to $now{$_}" }
            grep { $now{$_} < $last{$_} } sort keys %now;
        %last = %now;
    });

my %after = counters(status($t));
my %counted = map { $_ => $after{$_} - $before{$_} } keys %after;

is($killed, $KILLS, 'workers were killed');
is_deeply(\@fallen, [], 'no counter ever fell');

my %right = (again => ALREADY_ISSUED, sold_out => SOLD_OUT, list => $list);
my %wrong;

for my $kind (sort keys %right) {
    $wrong{"$kind: $_"}++ for grep { $_ ne $right{$kind} and $_ ne UNAVAILABLE
            and $_ ne 'connection closed' }
        map { $kind eq 'list' && $_->status() == 200 ? $_->whole() : verdict($_) }
        @answers[ $sent{$kind}->@* ];
}

is_deeply(\%wrong, {}, 'each is served or told to come again');

my $answered = grep { $_->status() } @answers;

note("$answered of " . @answers . ' requests were answered; counted: ',
    join(', ', map { "$_ $counted{$_}" } sort keys %counted));
cmp_ok($counted{requests}, '>=', $answered, 'each answer was counted');
cmp_ok($counted{requests}, '<=', scalar @answers, 'and none twice');

my $asked = $counted{passed} + $counted{refused};

cmp_ok($asked, '>=', scalar(grep { $_->status() } @answers[ $sent{list}->@* ]),
    'so was each call of a list');
cmp_ok($asked, '<=', scalar $sent{list}->@*, 'and none twice');
cmp_ok($counted{failures}, '<=', $counted{passed}, 'what was refused did not fail');
cmp_ok($counted{opened}, '>', 1, 'the breaker opened again and again');
cmp_ok($counted{won}, '<=', scalar @users, 'no claim was won twice');

nothing_lost($t, 7, \@users, [ map { verdict($_) } @answers[ $sent{draw}->@* ] ],
    'killed', silent => 1);


# trials that died with their workers do not keep the breaker half open

$services->listen();
my ($answer, $like) = (undef, data(envelope('{"1":true}')));

ok(await(10, sub {
    ($answer) = $services->ask($t->client(), sub { $like }, @list);
    return status($t)->{breakers}{getStoreLikes}{state} eq 'closed';
}), 'the breaker closes when the service is well');
like($answer->body(), qr/"isLiked":true/, 'and the list has its likes');


# more workers than there are slots

my %seen;

await(120, sub {
    my @pids = map { $_->{pid} } status($t)->{workers}->@*;

    return 0 if @pids < 2;
    @seen{@pids} = ();
    return 1 if keys %seen > $SLOTS;

    $nginx->kill_worker($pids[0]);
    return 0;
});

cmp_ok(scalar keys %seen, '>', $SLOTS, 'more workers than slots have served');
is($t->claim(8, user => 2), ISSUED, 'the last ones do, too');
ok($t->settled(), 'settled');

my $status = status($t);

is(scalar $status->{workers}->@*, 2, 'two live');
is($status->{coupon}{pending}, 0, 'nobody holds claims of the dead');

$t->done();
