# docs/operations.md, "When something is down": each row of the table is done, and is
# as it says: what users read, what is kept, in what time all is well again, which
# metric and which log lines tell.  Needs the test build of the module (make FAULTS=1).

use v5.36;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(sum0);
use Test::More;
use Time::HiRes qw(time);

BEGIN {
    $ENV{BB_MODULE} = $ENV{BB_FAULTS_MODULE}
        // abs_path("$FindBin::Bin/../..") . '/build-faults/ngx_bb_store_module.so';
    die "$ENV{BB_MODULE} is missing: make FAULTS=1\n" if not -f $ENV{BB_MODULE};
}

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Proxy;
use BB::Redis;
use BB::Response;
use BB::Test;

my $PAGE = "$FindBin::Bin/../../docs/operations.md";

my %SECONDS = (bb_store_sweep => 0.5, bb_store_audit => 1);
my $MARGIN = 5;          # more seconds, on a busy machine
my $DRAWS = 10;          # at a time
my $SESSIONS = 40;       # of PostgreSQL
my $HTTP = 'bb_store_sweep 500ms; bb_store_audit 1s;';

my $t = BB::Test->new(workers => 2, nginx => 0, http => $HTTP,
    redis_args => 'timeout=500ms connect_timeout=500ms',
    postgres_args => 'timeout=500ms connect_timeout=500ms',
    location => 'bb_store_coupon_timeout 1200ms;',
    postgres_conf => { max_connections => $SESSIONS },
    coupons => [ map { { id => $_, limit => 100_000 } } 7, 8 ])->run();
my ($nginx, $db) = ($t->nginx(), $t->db());
my $proxy = BB::Proxy->new(target => $t->redis()->port());

$nginx->{redis_url} = 'redis://127.0.0.1:' . $proxy->port() . '/0';
$nginx->excuse(qr/exited on signal 9/);
$nginx->start();

my (@lock, @taken, $other);
my ($user, $redis) = (1, $t->redis());

sub new_users() { return map { $user++ } 1 .. $DRAWS }

# The clients of as many new users, whose draws wait for their row.
sub waiting() {
    my @users = new_users();
    my $lock = $db->hold_coupons(7);
    my @clients = $t->begin_draws(7, \@users);

    return ($lock, map { [ $users[$_], $clients[$_] ] } 0 .. $#users);
}

sub lock_row() { push @lock, $db->hold_coupons(7) }

sub free_row() { $_->rollback(), $_->disconnect() for splice(@lock) }

sub trigger($raise) {
    $db->do("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
        AS \$\$ BEGIN RAISE 'refused' USING ERRCODE = '$raise'; END \$\$;
        CREATE TRIGGER refuse BEFORE INSERT ON issued_coupon FOR EACH STATEMENT
        EXECUTE FUNCTION refuse()");
}

sub no_trigger() { $db->do('DROP FUNCTION refuse CASCADE') }

sub edit($limit) {
    return $t->request('PUT', '/stores/1/coupons/7', user => 101, body => {
        couponName => 'x', discountPrice => 1, minPrice => 1, limitCount => $limit,
        startDate => $t->today(-1), endDate => $t->today(7) });
}

# Ends all connections of one kind, and waits until each is there again: what is
# sent on one that has ended is told to come again.
sub all_noticed($kind, $drop) {
    my $connects = sub { counter(status($t), $kind, 'connects') };
    my $before = $connects->();
    my $dropped = $drop->();

    await(10, sub { $connects->() >= $before + $dropped })
        or die "$kind: not all connections are back\n";
}

# down, up: the beginning and the end of the fault;  draws: users with clients whose
# draws were under way as it began, else new ones draw while it lasts
# kept: 1 if each of those has a row in the end, 0 if none has
# other: another coupon, which is drawn meanwhile
# new: nginx is a new one, its counters begin at zero;  down may return more answers
my %row = (
    'workers, killed' => {
        kept => 1,
        down => sub($row) {
            my ($lock, @draws) = waiting();

            $row->{draws} = \@draws;
            $nginx->kill_worker($_) for $nginx->workers();
            $lock->rollback();
        },
    },

    'nginx, killed' => {
        kept => 1, new => 1,
        down => sub($row) {
            my ($lock, @draws) = waiting();
            my @pids = ($nginx->workers(), $nginx->pid());

            $row->{draws} = \@draws;
            kill('KILL', reverse @pids);
            $nginx->{process}->stop('KILL', 5);
            $nginx->gone(@pids);
            $lock->rollback();
        },
        up => sub($row) { $nginx->start() },
    },

    'a worker, killed in an edit' => {
        down => sub($row) {
            $nginx->reconfigure(http => "$HTTP bb_store_fault edit_committed;");
            $row->{edits} = [ edit(90_000)->status() ];
        },
        up => sub($row) { $nginx->reconfigure(http => $HTTP) },
        healed => sub($row) {
            return $t->redis()->cmd('HGET', $t->key(7), 'limit') == 90_000;
        },
    },

    'a client, leaving' => {
        kept => 1,
        down => sub($row) {
            my ($lock, @draws) = waiting();

            $row->{left} = [ map { $_->[0] } @draws ];
            $_->[1]->close() for @draws;
            ok($nginx->logged(qr/client prematurely closed/), 'they have left');
            $lock->rollback();
        },
    },

    'Redis, killed' => {
        kept => 0,
        down => sub($row) { $t->redis()->stop('KILL') },
        up => sub($row) { $t->redis()->start() },
    },

    'Redis, restarted empty or with older data' => {
        kept => 1,
        down => sub($row) { $t->redis()->restart(signal => 'KILL', empty => 1) },
    },

    'Redis, failed over to a replica that lagged' => {
        kept => 1,
        down => sub($row) {
            $other = BB::Redis->new(dir => $t->dir() . '/redis2')->start();
            $other->cmd('REPLICAOF', '127.0.0.1', $redis->port());
            await(10, sub { $other->cmd(qw(INFO replication))
                =~ /^master_link_status:up/m }) or die "no replica\n";
            $other->cmd('REPLICAOF', '127.0.0.1', 1);
            $row->{before} = [ new_users() ];
            $t->claim(7, user => $_) eq ISSUED or die "no draw\n"
                for $row->{before}->@*;
            $redis->stop('KILL');
            $other->cmd(qw(REPLICAOF NO ONE));
            $proxy->target($other->port());
            $t->{redis} = $other;
        },
        healed => sub($row) {
            return not grep { $t->claim(7, user => $_) ne ALREADY_ISSUED }
                $row->{before}->@*;
        },
    },

    'Redis, silent' => {
        down => sub($row) { $t->redis()->pause() },
        up => sub($row) { $t->redis()->resume() },
    },

    'Redis, out of memory' => {
        kept => 0,
        down => sub($row) { $t->redis()->cmd(qw(CONFIG SET maxmemory 1)) },
        up => sub($row) { $t->redis()->cmd(qw(CONFIG SET maxmemory 0)) },
    },

    'Redis, read-only' => {
        kept => 0,
        down => sub($row) { $t->redis()->cmd('REPLICAOF', '127.0.0.1', 1) },
        up => sub($row) { $t->redis()->cmd(qw(REPLICAOF NO ONE)) },
    },

    "Redis' connections, cut" => {
        kept => 1,
        down => sub($row) {
            all_noticed('redis', sub { $t->redis()->drop_clients() });
        },
    },

    'PostgreSQL, stopped or killed' => {
        down => sub($row) {
            my ($lock, @draws) = waiting();

            $row->{draws} = \@draws;
            $row->{later} = [ new_users() ];
            $db->stop('immediate');

            # nobody is there to be told of its end
            $lock->{InactiveDestroy} = 1;
        },
        up => sub($row) { $db->start() },
        kept => 1,
    },

    'PostgreSQL, silent' => {
        kept => 1,
        down => sub($row) {
            my ($lock, @draws) = waiting();

            $row->{draws} = \@draws;
            push @lock, $lock;
            $db->pause();
        },
        up => sub($row) {
            $db->resume();
            free_row();
        },
    },

    "PostgreSQL's sessions, terminated" => {
        kept => 1,
        down => sub($row) {
            my ($lock, @draws) = waiting();

            $row->{draws} = \@draws;
            all_noticed('postgres', sub { $db->drop_clients() });
            $lock->rollback();
        },
    },

    'PostgreSQL, without a free connection' => {
        kept => 0,
        down => sub($row) {
            $db->handle();

            # until none of the module's is left that was faster than ours
            await(10, sub {
                push @taken, eval { $db->connect() } // last for 1 .. $SESSIONS;
                return not $db->drop_clients();
            }) or die "the module has sessions\n";
            push @taken, eval { $db->connect() } // last for 1 .. $SESSIONS;
        },
        up => sub($row) { $_->disconnect() for splice(@taken) },
    },

    "a coupon's row, locked by somebody" => {
        kept => 1, other => 8,
        down => sub($row) { lock_row() }, up => sub($row) { free_row() },
    },

    "PostgreSQL's disk, full" => {
        kept => 1, down => sub($row) { trigger('disk_full') },
        up => sub($row) { no_trigger() },
    },

    'a row that PostgreSQL never takes' => {
        kept => 0, down => sub($row) { trigger('check_violation') },
        up => sub($row) { no_trigger() },
        # the sweep may find one that is being refused, and keep it as well
        healed => sub($row) {
            my %claims = map { my %field = $_->[1]->@*; $field{claims} => 1 }
                $t->redis()->cmd('XRANGE', '{bb:7}:claims:dead', '-', '+')->@*;

            return keys %claims == $DRAWS;
        },
    },
);


# What /ops/status says, as { name => value }; the workers' are summed up.
sub metrics() {
    my $status = eval { status($t) } // return {};
    my %value;

    for my $part (qw(requests coupon intent_log audit)) {
        $value{"$part.$_"} = $status->{$part}{$_} for keys $status->{$part}->%*;
    }

    for my $worker ($status->{workers}->@*) {
        for my $client (grep { ref $worker->{$_} eq 'HASH' } keys %$worker) {
            no warnings 'numeric';

            $value{"workers[].$client.$_"} += $worker->{$client}{$_}
                for keys $worker->{$client}->%*;
        }
    }

    return \%value;
}

# The statuses that answers have: "200", "503", "broken" and so on.
sub statuses(@answers) {
    my %seen = map { ($_->status() || 'broken') => 1 } @answers;

    return join(' or ', sort keys %seen);
}

sub reads() {
    return map {
        eval { $t->new_client()->request('GET', '/stores/coupons/my', user => $_) }
            // BB::Response->none('refused');
    } 1 .. 4;
}

# Answers to draws by new users: [ user, client ] of each, all at once.
sub begin_new() {
    return map {
        my $client = $t->new_client();

        $client->write(BB::Client::request_bytes($t->draw(7, $_)));
        [ $_, $client ];
    } new_users();
}


# the table

open(my $in, '<', $PAGE) or die "$PAGE: $!\n";
my $page = do { local $/; <$in> };
my ($section) = $page =~ /^## When something is down\n(.*?)(?=^## )/ms
    or die "no section\n";
my ($head, undef, @lines) = $section =~ /^\| (.*) \|$/mg;

is($head, 'down | users see | kept | healed by | in | metric | log', 'its columns');
@lines = map { [ split(/ \| /) ] } grep { not /\A-/ } $section =~ /^\| (.*) \|$/mg;
shift @lines;
is_deeply([ sort map { $_->[0] } @lines ], [ sort keys %row ], 'its rows');

for my $line (@lines) {
    my ($name, $sees, undef, undef, $in, $metrics, $log) = @$line;
    my $row = $row{$name} // next;
    my %sees = map { /\A([\w ]+): (.*)\z/ } split(/; /, $sees);
    my $seconds = sum0($in =~ /(\d+) s/, map { $SECONDS{$_} } $in =~ /`(\w+)`/g);

    $t->claim(7, user => $user++) =~ /ISSUED/ or die "$name: no draw before it\n";
    await(10, sub { connected($t) }) or die "$name: no connections before it\n";

    # nor does a worker still hold claims that the sweep of another has stored
    ok($t->settled() && await(10, sub { status($t)->{coupon}{pending} == 0 }),
        "$name: all is well before");

    my $before = metrics();
    my $logged = length($nginx->log_text());

    $before = {} if $row->{new};
    $row->{down}->($row);

    # users
    my @draws = $row->{draws} ? $row->{draws}->@* : begin_new();
    my @reads = reads();

    is(statuses(map { $_->[1]->answer() } @draws), $sees{draws}, "$name: draws");
    is(statuses(@reads), $sees{reads}, "$name: reads");
    is(join(' ', map { $_ || 'broken' } ($row->{edits} // [])->@*),
        $sees{edits} // '', "$name: edits");

    my @beside = map { $t->request($t->draw($_, $user++)) }
        ($row->{other} // ()) x 3;

    is(statuses(@beside), $sees{'other coupons'} // '', "$name: other coupons");

    my @others = map { $t->claim(7, user => $_) } ($row->{later} // [])->@*;

    is_deeply([ grep { $_ ne UNAVAILABLE } @others ], [], "$name: later ones");

    # metrics, while it lasts or as soon as they can be asked for
    my %open = map { $_ => 1 } $metrics =~ /`([^`]+)`/g;
    my $look = sub {
        my $now = metrics();

        delete @open{ grep { /failure\z/ ? defined $now->{$_}
            : ($now->{$_} // 0) > ($before->{$_} // 0) } keys %open };
    };

    ok(scalar keys %open, "$name: has a metric");
    $look->();

    # healing
    $row->{up}->($row) if $row->{up};

    my $over = time();
    my $healed = await($seconds + $MARGIN, sub {
        $look->() if %open;
        return 0 if $row->{healed} and not $row->{healed}->($row);
        return 0 if not eval { (ready($t))[0] == 200 } or $t->claims_left() > 0;
        return !%open && "@{[ $t->members(7) ]}" eq "@{[ $t->holders(7) ]}";
    });
    my $took = time() - $over;

    ok($healed, "$name: all is well again");
    note(sprintf('%s: after %.1f s, %.1f s are promised', $name, $took, $seconds));
    is_deeply([ sort keys %open ], [], "$name: metrics tell");
    like($t->claim(7, user => $user++), qr/\A(?:ISSUED|UNAVAILABLE)\z/,
        "$name: the next draw");
    is($t->claim(7, user => $user++), ISSUED, "$name: and the one after it");

    # what is kept
    my %holds = map { $_ => 1 } $t->holders(7);
    my @users = $row->{left} ? $row->{left}->@* : map { $_->[0] } @draws;
    my @kept = grep { $holds{$_} } @users;

    is(scalar @kept, $row->{kept} * @users, "$name: what is kept")
        if defined $row->{kept};
    is_deeply([ grep { $holds{$_} } ($row->{later} // [])->@* ], [],
        "$name: later ones have no place");

    # the log
    my $text = substr($nginx->log_text(), $logged);

    for my $said ($log =~ /`([^`]+)`/g) {
        my $pattern = join('', map { $_ eq '…' ? '.+' : $_ eq 'N' ? '\d+'
            : quotemeta } split(/(…|\bN\b)/, $said));

        ok(scalar($text =~ /$pattern/), "$name: log: $said") or diag($text);
    }
}

$proxy->stop();
$_->stop('KILL') for grep { defined } $redis, $other;
$t->done();
