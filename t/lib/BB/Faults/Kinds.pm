# The faults that the fault runner knows.

package BB::Faults::Kinds;

use v5.36;
use File::Copy qw(copy);
use File::Path qw(remove_tree);

use BB::Process qw(await children is_alive);
use BB::Redis;

my $RECOVERY = 20;       # seconds in which a server is back
my $MORE = 30;           # answers between two steps of one fault

# how often a worker passes a named point, for sure, in the draws of one stage; with
# ack claim there are ten batches a second and no more
my $ONCE = sub($run) { return 1 };
my $OFTEN = sub($run) { return 30 };
my $FEW = sub($run) { return 3 };
my $BATCHES = sub($run) { return $run->{schedule}{ack} eq 'claim' ? 3 : 30 };

# begin, end: what is done to the run (BB::Faults) and its servers; with $f, the
# fault in the schedule.  prepare: before the stage's draws begin
# held: seconds from begin to end, least and most;  leaving: percent of the clients
# who do not wait for the answer
# cuts: clients may lose their connection;  loses: Redis may lose what it granted
# servers: what it breaks; two faults at once break different ones, none if it is "all"
# first: it waits for something that another fault could prevent
my %KIND = (

    # nginx

    'one worker is killed' => {
        servers => 'nginx', cuts => 1,
        begin => sub($run, $f) {
            my @pids = $run->nginx()->workers();

            kill_workers($run, $pids[ $f->{number} % @pids ]);
        },
    },

    'all workers are killed' => {
        servers => 'nginx', cuts => 1,
        begin => sub($run, $f) { kill_workers($run, $run->nginx()->workers()) },
    },

    # its workers go on, until they are told to quit for the new master
    'the master is killed' => {
        servers => 'nginx', cuts => 1, held => [ 0.2, 1 ],
        begin => sub($run, $f) {
            $f->{orphans} = [ $run->nginx()->workers() ];
            $run->nginx()->{process}->signal('KILL');
            await(5, sub { defined $run->nginx()->{process}->ended() });
            $run->progress($MORE);
        },
        end => sub($run, $f) {
            kill('QUIT', $f->{orphans}->@*);
            $run->nginx()->gone($f->{orphans}->@*)
                or $run->wrong('workers without a master do not quit');
            $run->nginx()->start();
        },
    },

    # the first one commits for all
    'a worker is silent' => {
        servers => 'nginx', held => [ 0.2, 1.4 ],
        begin => sub($run, $f) {
            $f->{silent} = ($run->nginx()->workers())[ $f->{number} % 2 ];
            kill('STOP', $f->{silent});
        },
        end => sub($run, $f) { kill('CONT', $f->{silent}) },
    },

    'nginx reloads' => {
        servers => 'nginx', cuts => 1,
        begin => sub($run, $f) { $f->{old} = [ $run->nginx()->reload() ] },
        end => sub($run, $f) {
            $run->nginx()->gone($f->{old}->@*)
                or $run->wrong('old workers stay after a reload');
        },
    },

    'nginx quits and starts' => {
        servers => 'nginx', cuts => 1,
        begin => sub($run, $f) {
            $run->nginx()->quit() or $run->wrong('nginx does not quit');
            $run->nginx()->start();
        },
    },

    # at named points, in a build that has them

    'killed: claims are granted' => point('claimed', $OFTEN),
    'killed: claims are lent' => point('lent', $FEW),
    'killed: a batch is sent' => point('batch_sent', $BATCHES),
    'killed: a batch is committed' => point('committed', $BATCHES),
    'killed: claims are answered' => point('answered', $BATCHES),

    'killed: a coupon is being loaded' => {
        point('load_chunk', $ONCE)->%*, loses => 1,
        begin => sub($run, $f) {
            $run->redis()->cmd('FLUSHALL');
            ended_at($run, 'load_chunk');
        },
    },

    # what waited for a lock, in workers that are no more
    'killed: the sweep takes claims' => {
        point('sweep', $ONCE)->%*,
        begin => sub($run, $f) {
            my $lock = $run->db()->hold_coupons(
                map { $_->{id} } $run->stage()->{coupons}->@*);

            await($RECOVERY, sub {
                $run->db()->value("SELECT count(*) FROM pg_stat_activity
                    WHERE wait_event_type = 'Lock' AND query LIKE '%issue_batch%'");
            }) or $run->wrong('no claim waits for the lock');
            kill_workers($run, $run->nginx()->workers());
            $lock->rollback();
            $lock->disconnect();
            ended_at($run, 'sweep');
        },
    },

    'clients leave' => {
        servers => 'clients', held => [ 0.2, 1 ], leaving => 60,
        begin => sub($run, $f) { },
    },

    # nobody knows any more of what was granted and not yet committed
    'workers and Redis lose all' => {
        servers => 'all', cuts => 1, loses => 1,
        begin => sub($run, $f) {
            my $lock = $run->db()->hold_coupons(
                map { $_->{id} } $run->stage()->{coupons}->@*);

            await($RECOVERY, sub { $run->{t}->claims_left() >= 5 });
            $run->redis()->stop('KILL');
            kill_workers($run, $run->nginx()->workers());
            $run->redis()->restart(empty => 1);
            $lock->rollback();
            $lock->disconnect();
        },
    },


    # Redis

    'Redis is killed' => {
        servers => 'redis', loses => 1, held => [ 0, 1 ],
        begin => sub($run, $f) { $run->redis()->stop('KILL') },
        end => sub($run, $f) { $run->redis()->start() },
    },

    'Redis restarts empty' => {
        servers => 'redis', loses => 1,
        begin => sub($run, $f) {
            $run->redis()->restart(signal => 'KILL', empty => 1);
        },
    },

    'Redis restarts from an older dump' => {
        servers => 'redis', loses => 1,
        begin => sub($run, $f) {
            my $redis = $run->redis();
            my $dir = $redis->{dir};

            $redis->cmd('SAVE');
            copy("$dir/dump.rdb", "$dir/older.rdb") or die "dump.rdb: $!\n";
            $run->progress($MORE);

            $redis->stop('KILL');
            remove_tree("$dir/appendonlydir");
            rename("$dir/older.rdb", "$dir/dump.rdb") or die "dump.rdb: $!\n";

            # it would not read the dump otherwise
            local $redis->{conf}{appendonly} = 'no';
            $redis->start();
            $redis->cmd(qw(CONFIG SET appendonly yes));
            unlink("$dir/dump.rdb");
        },
    },

    'failover to a lagging replica' => {
        servers => 'redis', loses => 1, held => [ 0, 1 ],
        prepare => \&add_replica,
        begin => sub($run, $f) {
            my ($old, $new) = ($run->redis(), $run->{replica});

            # what it does not get from now on is lost
            $new->cmd('REPLICAOF', '127.0.0.1', 1);
            $run->progress($MORE);
            $old->stop('KILL');
            $new->cmd(qw(REPLICAOF NO ONE));
            $run->move_redis($new);
        },
        # the old primary comes back, and perhaps takes over again
        end => sub($run, $f) {
            my ($old, $new) = ($run->{replica}, $run->redis());

            $old->start();
            follow($old, $new);
            return if $f->{number} % 2;

            $run->progress($MORE);
            $old->cmd(qw(REPLICAOF NO ONE));
            $run->move_redis($old);
        },
    },

    # who comes back takes claims with what it knew, for a while
    'two primaries at once' => {
        servers => 'redis', loses => 1, held => [ 0.1, 1 ],
        prepare => \&add_replica,
        begin => sub($run, $f) {
            my $new = $run->{replica};

            $new->cmd('REPLICAOF', '127.0.0.1', 1);
            $run->progress($MORE);
            $new->cmd(qw(REPLICAOF NO ONE));
            $run->move_redis($new);
            $run->progress($MORE);
            $run->move_redis($run->{replica});
        },
        end => sub($run, $f) {
            my ($old, $new) = ($run->redis(), $run->{replica});

            $run->move_redis($new);
            follow($old, $new);
        },
    },

    'SCRIPT FLUSH' => {
        servers => 'redis',
        begin => sub($run, $f) { $run->redis()->cmd(qw(SCRIPT FLUSH)) },
    },

    'CLIENT KILL' => {
        servers => 'redis',
        begin => sub($run, $f) {
            for (0 .. $f->{number} % 4) {
                $run->redis()->drop_clients();
                $run->progress(5);
            }
        },
    },

    'DEBUG SLEEP' => {
        servers => 'redis', held => [ 0.2, 3 ],
        begin => sub($run, $f) {
            $run->redis()->cmd('DEBUG', 'SLEEP', $f->{held});
        },
    },

    'Redis has no memory' => {
        servers => 'redis', held => [ 0.2, 2 ],
        begin => sub($run, $f) { $run->redis()->cmd(qw(CONFIG SET maxmemory 1)) },
        end => sub($run, $f) { $run->redis()->cmd(qw(CONFIG SET maxmemory 0)) },
    },

    'Redis is a replica' => {
        servers => 'redis', held => [ 0.2, 2 ],
        begin => sub($run, $f) {
            $run->redis()->cmd('REPLICAOF', '127.0.0.1', 1);
        },
        end => sub($run, $f) { $run->redis()->cmd(qw(REPLICAOF NO ONE)) },
    },

    'Redis is silent' => {
        servers => 'redis', held => [ 1, 5 ],
        begin => sub($run, $f) { $run->redis()->pause() },
        end => sub($run, $f) { $run->redis()->resume() },
    },

    "Redis' reply is cut" => {
        servers => 'redis',
        begin => sub($run, $f) { cut($run, $run->{redis_proxy}, $f) },
    },

    "Redis' replies byte by byte" => {
        servers => 'redis', held => [ 0.2, 1 ],
        begin => sub($run, $f) { $run->{redis_proxy}->dribble(1) },
        end => sub($run, $f) { $run->{redis_proxy}->dribble(0) },
    },


    # PostgreSQL

    'PostgreSQL is killed' => {
        servers => 'postgres', held => [ 0, 1 ],
        begin => sub($run, $f) {
            my $pid = $run->db()->pid();

            # it starts no more of them
            kill('STOP', $pid);
            await($RECOVERY, sub { is_stopped($pid) });

            my @children = children($pid);

            kill('KILL', $pid, @children);
            $run->db()->stop('immediate');
            await($RECOVERY, sub { not grep { is_alive($_) } @children })
                or $run->wrong("processes of PostgreSQL stay: @children");
        },
        end => sub($run, $f) { $run->db()->start() },
    },

    'PostgreSQL shuts down immediately' => {
        servers => 'postgres',
        begin => sub($run, $f) { $run->db()->restart('immediate') },
    },

    'PostgreSQL is away' => {
        servers => 'postgres', held => [ 2, 20 ],
        begin => sub($run, $f) { $run->db()->stop('fast') },
        end => sub($run, $f) { $run->db()->start() },
    },

    'sessions are terminated' => {
        servers => 'postgres',
        begin => sub($run, $f) {
            for (0 .. $f->{number} % 4) {
                $run->db()->drop_clients();
                $run->progress(5);
            }
        },
    },

    'a coupon is locked' => {
        servers => 'postgres', held => [ 0.5, 3 ],
        begin => sub($run, $f) {
            my @ids = map { $_->{id} } $run->stage()->{coupons}->@*;

            $f->{lock} = $run->db()->hold_coupons($ids[ $f->{number} % @ids ]);
        },
        end => sub($run, $f) {
            $f->{lock}->rollback();
            (delete $f->{lock})->disconnect();
        },
    },

    'the disk is full' => {
        servers => 'postgres', held => [ 0.5, 3 ],
        begin => sub($run, $f) {
            $run->db()->do(q{
                CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN
                    RAISE 'could not extend file: No space left on device'
                        USING ERRCODE = 'disk_full';
                END $$;
                CREATE TRIGGER disk_full BEFORE INSERT ON issued_coupon
                FOR EACH STATEMENT EXECUTE FUNCTION disk_full()});
        },
        end => sub($run, $f) { $run->db()->do('DROP FUNCTION disk_full CASCADE') },
    },

    'no connection is free' => {
        servers => 'postgres', held => [ 0.5, 3 ],
        begin => sub($run, $f) {
            $f->{taken} = [];

            # the sessions that are ended make room for ours
            $run->take_connections($f->{taken});
            $run->db()->drop_clients();
            $run->take_connections($f->{taken});
        },
        end => sub($run, $f) { $_->disconnect() for (delete $f->{taken})->@* },
    },

    'PostgreSQL is silent' => {
        servers => 'postgres', held => [ 1, 5 ],
        begin => sub($run, $f) { $run->db()->pause() },
        end => sub($run, $f) { $run->db()->resume() },
    },

    "PostgreSQL's reply is cut" => {
        servers => 'postgres',
        begin => sub($run, $f) { cut($run, $run->{postgres_proxy}, $f) },
    },

    "PostgreSQL's replies byte by byte" => {
        servers => 'postgres', held => [ 0.2, 1 ],
        begin => sub($run, $f) { $run->{postgres_proxy}->dribble(1) },
        end => sub($run, $f) { $run->{postgres_proxy}->dribble(0) },
    },
);

my @NAMES = sort keys %KIND;


# In scalar context their number.
sub names() { return @NAMES }

sub kind($name) { return $KIND{$name} }

sub held($name) { return ($KIND{$name}{held} // [ 0, 0 ])->@* }


# The kinds that may begin while this one lasts.
sub partners($name) {
    my @others = grep { $KIND{$_}{servers} ne 'all' and not $KIND{$_}{first} } @NAMES;

    return $KIND{$name}{servers} eq 'all' ? ()
        : grep { $KIND{$_}{servers} ne $KIND{$name}{servers} } @others;
}


sub kill_workers($run, @pids) {
    my $nginx = $run->nginx();

    $nginx->excuse(qr/worker process $_ exited on signal 9/) for @pids;
    kill('KILL', @pids);

    await($RECOVERY, sub {
        not grep({ is_alive($_) } @pids)
            and $nginx->workers() >= $nginx->{workers};
    }) or $run->wrong("nginx does not replace workers @pids");
}


sub is_stopped($pid) {
    open(my $stat, '<', "/proc/$pid/stat") or return 1;
    return (readline($stat) // ') T ') =~ /\) T /;
}


# A worker kills itself when one of them passes this point for the n-th time, n up
# to what $most says; counted from nginx's start.
sub point($point, $most) {
    return {
        servers => 'nginx', cuts => 1, first => 1,
        prepare => sub($run, $f) {
            my $n = 1 + $f->{number} % $most->($run);

            $run->nginx()->quit() or $run->wrong('nginx does not quit');
            $run->nginx()->configure(http => "$run->{http} bb_store_fault $point $n;");
            $run->nginx()->start();
        },
        begin => sub($run, $f) { ended_at($run, $point) },

        # the next nginx counts anew
        end => sub($run, $f) { $run->nginx()->configure(http => $run->{http}) },
    };
}


sub ended_at($run, $point) {
    my $nginx = $run->nginx();
    my $pid;

    await($RECOVERY, sub {
        ($pid) = grep { not $run->{ended}{$_} }
            $nginx->log_text() =~ /(\d+)#\d+: .*worker ends at "$point"/g;
    }) or return $run->wrong("no worker came to the point $point");

    $run->{ended}{$pid} = 1;
    $nginx->excuse(qr/worker process $pid exited on signal 9/);
    await($RECOVERY, sub {
        not is_alive($pid) and $nginx->workers() >= $nginx->{workers};
    }) or $run->wrong("nginx does not replace worker $pid");
}


# Three times in the middle of what comes next.
sub cut($run, $proxy, $f) {
    for my $i (0 .. 2) {
        $proxy->cut(1 + ($f->{number} >> 6 * $i) % 60);
        $run->progress(5);
    }

    # connections on which nothing was said meanwhile are not cut later
    $proxy->cut(0);
}


sub add_replica($run, $f) {
    $run->{replica} //= $run->new_redis()->start();
    follow($run->{replica}, $run->redis());
}


sub follow($replica, $primary) {
    $replica->cmd('REPLICAOF', '127.0.0.1', $primary->port());

    await($RECOVERY, sub {
        $replica->cmd(qw(INFO replication)) =~ /^master_link_status:up/m
            and $primary->cmd(qw(INFO replication)) =~ /^slave0:.*state=online/m;
    }) or die "the replica does not follow\n";
}


1;
