# How cost and size grow: one part of bench/scale each.  A part returns tables:
# { title, head, rows }, of which the first column is the name of a row.

package Bench::Scale;

use v5.36;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use List::Util qw(max min sum0);
use Time::HiRes qw(time);

use BB::Client;
use BB::Process qw(await children);
use BB::Response;
use Bench::Cpu qw(cores cpu place tree);
use Bench::Engines;
use Bench::Measure;
use Bench::Read;
use Bench::Row;
use Bench::System;
use Bench::Wrk;

my $HUGE = 2_000_000_000;
my $BODY = '{"nickname":"봄이","phoneNumber":"01012345678"}';

# an overload: connections; seconds of it, the first one to warm up, and of what
# follows; claims of a batch, and seconds that a commit takes
my ($CROWD, $OVER, $AFTER, $SMALL, $SLOW) = (6000, 3, 2, 128, 0.01);

# for the clock of bench/load/overload.lua
my $ECHO = 'add_header X-Sent $http_x_sent always;';


sub names() {
    return qw(memory reload connections batch workers coupons holders writers reads
        refusal overload);
}


# stores, dir, rounds, seconds, quick
sub new($class, %o) { return bless { %o, systems => [], wrong => [] }, $class }


# What was wrong with measurements that are in the tables.
sub wrong($self) { return $self->{wrong}->@* }


sub part($self, $name) {
    my @tables = $self->can("_$name")->($self);

    $self->stop();
    return @tables;
}


sub stop($self) {
    while (my $system = pop $self->{systems}->@*) {
        $system->stop() or warn "nginx did not end by itself\n";
    }
}


sub median(@values) {
    my @sorted = sort { $a <=> $b } @values;
    my $n = @sorted or return 0;

    return $n % 2 ? $sorted[$n / 2] : ($sorted[$n / 2 - 1] + $sorted[$n / 2]) / 2;
}


sub _system($self, %o) {
    my $http = 'bb_store_audit off; ' . (delete $o{http} // '');
    my $system = Bench::System->new(name => 'bb_store', ack => 'commit', workers => 1,
        dir => "$self->{dir}/" . ++$self->{number}, stores => $self->{stores},
        http => $http, %o);

    push $self->{systems}->@*, $system;
    $system->start();
    return $system;
}


# One answer on a connection of its own.
sub _ask($port, $bytes, $seconds = 10) {
    my $sock = _connect($port);

    $sock->syswrite($bytes);
    return _answer($sock, $seconds);
}


sub _connect($port) {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
        // die "connect to port $port: $@\n";
}


sub _answer($sock, $seconds = 10) {
    my ($bytes, $answer) = ('');

    while (not $answer) {
        IO::Select->new($sock)->can_read($seconds) or die "no answer\n";
        $sock->sysread($bytes, 65536, length($bytes)) or die "connection closed\n";
        $answer = BB::Response->take(\$bytes);
    }

    return $answer;
}


sub _draw($coupon, $user) {
    return BB::Client::request_bytes('POST', "/stores/coupons/$coupon", user => $user,
        body => $BODY);
}


sub _status($system) {
    return decode_json(_ask($system->port('ops'),
        BB::Client::request_bytes('GET', '/ops/status'))->body())->{coupon};
}


# Claims by variant: { label, system (options), coupons, connections, held }
# Each is measured once a round, another one first each time.
sub _claims($self, $title, $what, @variants) {
    my $stores = $self->{stores};

    @variants = @variants[0, -1] if $self->{quick};

    for my $v (@variants) {
        $v->{of} = $self->_system(($v->{system} // {})->%*);
        $v->{of}->pause();
        $v->{row} = Bench::Row->new(row => 'claim', stores => $stores,
            coupons => $v->{coupons} // 1, held => $v->{held} // 0,
            quick => $self->{quick});
    }

    for my $round (0 .. $self->{rounds} - 1) {
        for my $v (map { $variants[ ($_ + $round) % @variants ] } 0 .. $#variants) {
            my $system = $v->{of};

            $system->resume();

            my $before = _status($system);

            push $v->{rounds}->@*, my $found = Bench::Measure::run(row => $v->{row},
                system => $system, stores => $stores, dir => $self->{dir}, threads => 1,
                connections => $self->{quick} ? 8 : $v->{connections} // 256,
                seconds => $self->{seconds}, quick => $self->{quick});

            push $self->{wrong}->@*, map { "$title, $v->{label}: $_" }
                ($found->{wrong} // [])->@*;

            $system->resume();

            my $after = _status($system);
            my %n = map { $_ => $after->{$_} - $before->{$_} }
                qw(claims script_calls rows batches);

            push $v->{bundle}->@*, $n{claims} / max($n{script_calls}, 1);
            push $v->{committed}->@*, $n{rows} / max($n{batches}, 1);
            $system->pause();
        }
    }

    my @rows;
    my $base;

    for my $v (@variants) {
        my %all;

        for my $round ($v->{rounds}->@*) {
            push $all{$_}->@*, $round->{$_} for qw(rps p50 p99);
            push $all{$_}->@*, $round->{cpu}{$_} for qw(nginx redis postgres);
            push $all{sum}->@*, sum0(values $round->{cpu}->%*);
        }

        my %m = map { $_ => median($all{$_}->@*) } keys %all;

        $base //= \%m;
        push @rows, [ $v->{label}, sprintf('%.0f', $m{rps}),
            sprintf('%.0f-%.0f', min($all{rps}->@*), max($all{rps}->@*)),
            sprintf('%.2f', $m{rps} / $base->{rps}),
            map({ sprintf('%.1f', $m{$_}) } qw(p50 p99)),
            map({ sprintf('%.1f', $m{$_}) } qw(nginx redis postgres sum)),
            sprintf('%.2f', $m{sum} / $base->{sum}),
            sprintf('%.0f-%.0f', min($all{sum}->@*), max($all{sum}->@*)),
            map { sprintf('%.1f', median($v->{$_}->@*)) } qw(bundle committed) ];
    }

    return { title => $title, rows => \@rows, head => [ $what, 'claims/s', 'of rounds', '×',
        'p50 ms', 'p99 ms', 'nginx', 'Redis', 'PostgreSQL', 'sum, us of CPU', '×',
        'of rounds', 'claims a script call', 'a commit' ] };
}


sub _connections($self) {
    return $self->_claims('Claims by connections', 'connections',
        map { { label => $_, connections => $_ } } 16, 64, 256, 1024);
}


sub _batch($self) {
    return $self->_claims('Claims by bb_store_coupon_batch, 256 connections', 'batch',
        map { { label => $_, system => { http => "bb_store_coupon_batch $_;" } } }
            1, 16, 64, 256, 1000);
}


sub _workers($self) {
    return $self->_claims('Claims by workers, 256 connections, 100 coupons', 'workers',
        map { { label => $_, coupons => 100, system => { workers => $_ } } } 1, 2, 4);
}


sub _coupons($self) {
    return $self->_claims('Claims by number of coupons, 256 connections', 'coupons',
        map { { label => $_, coupons => $_ } } 1, 10, 100,
            $self->{quick} ? 200 : 1000);
}


sub _holders($self) {
    return $self->_claims('Claims by users who hold the coupon, 256 connections',
        'holders', map { { label => $_, held => $_ } }
            $self->{quick} ? (100, 1000) : (1000, 10_000, 100_000, 1_000_000));
}


# Workers that commit claims of one coupon, and the same row without nginx.
sub _writers($self) {
    my $claims = $self->_claims('One hot coupon by workers, 256 connections',
        'workers, committer', map { my $committer = $_; map { {
            label => "$_, $committer", system => { workers => $_,
                http => "bb_store_coupon_committer $committer;" } } }
            $self->{quick} ? (1, 2) : $committer eq 'host' ? (2, 4, 16) : (1, 2, 4, 16) }
            qw(worker host));
    my @specs = map { { engine => 'postgres', what => 'issue_batch', users => 64,
        connections => $_->[0], coupons => $_->[1] } }
        $self->{quick} ? [ 2, 2 ] : ([ 1, 1 ], [ 4, 1 ], [ 16, 1 ], [ 4, 4 ], [ 16, 16 ]);
    my (@rounds, @rows);

    for my $round (0 .. $self->{rounds} - 1) {
        for my $i (map { ($_ + $round) % @specs } 0 .. $#specs) {
            push $rounds[$i]->@*, my $found = Bench::Engines::run(spec => $specs[$i],
                stores => $self->{stores}, dir => $self->{dir},
                seconds => $self->{quick} ? 0 : 1);

            push $self->{wrong}->@*, ($found->{wrong} // [])->@*;
        }
    }

    for my $i (0 .. $#specs) {
        my ($rate, $cpu, $latency) = map { my $key = $_;
            median(map { $_->{$key} // 0 } $rounds[$i]->@*) } qw(rate cpu latency);

        push @rows, [ $specs[$i]{connections}, $specs[$i]{coupons},
            sprintf('%.0f', $rate), sprintf('%.1f', $cpu), sprintf('%.1f', $latency) ];
    }

    return ($claims, { title => 'pgbench, batches of 64 claims', rows => \@rows,
        head => [ 'sessions', 'coupons', 'claims/s', 'PostgreSQL, us of CPU',
            'mean ms of a batch' ] });
}


# Reads, the bare statement of each, and what an answer costs that asks nobody.
#
# The servers have one core, and wrk has another one.  pgbench shares the servers':
# what a statement costs PostgreSQL depends by a factor of two on whether its client
# is on the same core, and so it is always the cheaper one.
sub _reads($self) {
    my ($stores, $quick) = $self->@{qw(stores quick)};

    $stores->clear();
    $stores->count(1);

    my @reads = Bench::Read::all(stores => $stores, quick => $quick,
        dir => $self->{dir});
    my %system = (bb_store => $self->_system(), return200 => $self->_system(
        name => 'return200', http => undef));
    my @cores = cores();
    my %roots = $stores->roots();
    my @servers = map { tree($_) } map({ $_->[0] } values %roots),
        map { $_->pid() } values %system;
    my $measure = sub($read, $system) {
        place([ $cores[-1] ], $$);

        my $found = Bench::Measure::run(row => $read, system => $system,
            stores => $stores, dir => $self->{dir}, threads => 1,
            connections => $quick ? 8 : 64, seconds => $self->{seconds}, warm => 0.3,
            quick => $quick);

        push $self->{wrong}->@*, map { $read->name() . ": $_" }
            ($found->{wrong} // [])->@*;
        return $found->{cpu};
    };
    my (%found, @floor, @rows);

    $_->pause() for values %system;
    place([ $cores[0] ], @servers);

    for my $round (0 .. $self->{rounds} - 1) {
        push @floor, $measure->(Bench::Read::floor($stores), $system{return200})->{nginx};

        for my $read (map { $reads[ ($_ + $round) % @reads ] } 0 .. $#reads) {
            my $f = $found{ $read->name() } //= {};

            place([ $cores[0] ], $$);

            my $bare = $read->bare($quick ? 0 : $self->{seconds});
            my $cpu = $measure->($read, $system{bb_store});
            my $sum = sum0(values %$cpu);

            push $self->{wrong}->@*, map { $read->name() . ": $_" }
                ($bare->{wrong} // [])->@*;
            push $f->{$_}->@*, $cpu->{$_} for keys %$cpu;
            push $f->{sum}->@*, $sum;
            push $f->{bare}->@*, $bare->{cpu} // 0;
            push $f->{client}->@*, $bare->{client} // 0;
            push $f->{ratio}->@*, ($sum - $floor[-1]) / ($bare->{cpu} || 1);
        }
    }

    place(\@cores, $$, map { tree($_->[0]) } values %roots);

    for my $read (@reads) {
        my $f = $found{ $read->name() };
        my %m = map { $_ => median($f->{$_}->@*) } keys %$f;

        push @rows, [ $read->name(),
            map({ sprintf('%.1f', $m{$_}) } qw(nginx postgres redis sum bare client)),
            sprintf('%.1f', median(@floor)), sprintf('%.2f', $m{ratio}),
            sprintf('%.2f-%.2f', min($f->{ratio}->@*), max($f->{ratio}->@*)) ];
    }

    return { title => 'Reads, 64 connections: us of CPU', rows => \@rows, head => [
        'endpoint, statement', 'nginx', 'PostgreSQL', 'Redis', 'sum', 'bare statement',
        'pgbench itself', 'floor', '(sum - floor) / bare', 'of rounds' ] };
}


# Bytes of a process that are its own, and with its share of what is common.
sub _size($pid) {
    open(my $in, '<', "/proc/$pid/smaps_rollup") or die "smaps of $pid: $!\n";
    my ($own, $pss) = (0, 0);

    while (my $line = <$in>) {
        $own += $1 * 1024 if $line =~ /\APrivate_\w+:\s+(\d+) kB/;
        $pss = $1 * 1024 if $line =~ /\APss:\s+(\d+) kB/;
    }

    return wantarray ? ($own, $pss) : $own;
}


# Bytes of the shared zone that this process has seen.
sub _zone_size($pid) {
    open(my $in, '<', "/proc/$pid/smaps") or die "smaps of $pid: $!\n";
    my ($zone, $sum) = (0, 0);

    while (my $line = <$in>) {
        $zone = $line =~ m{/dev/zero} if $line =~ /\A[0-9a-f]+-[0-9a-f]+ /;
        $sum += $1 * 1024 if $zone and $line =~ /\ARss:\s+(\d+) kB/;
    }

    return $sum;
}


sub _redis_memory($self) {
    my ($bytes) = $self->{stores}->redis()->cmd('INFO', 'memory')
        =~ /^used_memory:(\d+)/m;

    return $bytes;
}


sub _kb($bytes) { return sprintf('%.0f KB', $bytes / 1024) }


sub _memory($self) {
    my ($stores, $quick) = $self->@{qw(stores quick)};
    my $postgres = $stores->db()->pid();
    my $claims = Bench::Row->new(row => 'claim', stores => $stores, coupons => 1);
    my @rows;

    # a worker, and what it has in the stores
    for my $slots (1024, 8192) {
        $stores->clear();

        my %old = map { $_ => 1 } children($postgres);
        my $redis = $self->_redis_memory();
        my $system = $self->_system(workers => 2, slots => $slots);
        my ($worker) = children($system->pid());

        await(10, sub { grep({ not $old{$_} } children($postgres)) == 14 })
            or die "not all sessions are there\n";

        my ($own, $pss) = _size($worker);
        my @sessions = grep { not $old{$_} } children($postgres);

        push @rows, [ "a worker, worker_connections $slots", _kb($own),
            _kb($pss) . ' with its share of what all have' ];
        push @rows, [ 'its seven sessions in PostgreSQL',
            _kb(sum0(map { scalar _size($_) } @sessions) / 2), 'idle' ],
            [ 'its connection in Redis', _kb(($self->_redis_memory() - $redis) / 2), '' ]
            if $slots > 1024;
        $self->stop();
    }

    # connections that wait
    for my $n ($quick ? 100 : (1000, 4000)) {
        my $system = $self->_system();
        my ($worker) = children($system->pid());

        $stores->clear();

        my $bytes = _draw($stores->coupons(1, limit => $HUGE), 1);

        _ask($system->port(), $bytes) for 1 .. 100;

        my $before = _size($worker);
        my @idle;

        for (1 .. $n) {
            push @idle, _connect($system->port());
            $idle[-1]->syswrite($bytes);
            _answer($idle[-1])->status() == 200 or die "a draw fails\n";
        }

        push @rows, [ "an idle connection, of $n", sprintf('%.0f bytes',
            (_size($worker) - $before) / $n), 'after a draw that was answered' ];
        $self->stop();
    }

    # a worker that has been busy
    for my $n ($quick ? 8 : (256, 1024)) {
        my $system = $self->_system();
        my ($worker) = children($system->pid());
        my $before = _size($worker);

        $claims->prepare($system);
        Bench::Wrk->run(dir => $self->{dir}, port => $system->port(), script => 'claim',
            threads => 1, connections => $n, arguments => $claims->arguments(1),
            $quick ? (quota => 200) : (seconds => 2));
        push @rows, [ "a worker after claims of $n connections",
            '+' . _kb(_size($worker) - $before), '' ];
        $claims->settled($system, { $stores->roots() });
        $self->stop();
    }

    # holders in the zone; a coupon before has touched what all have in common
    for my $n ($quick ? 2000 : (1000, 10_000, 32_000, 65_000, 100_000)) {
        my $system = $self->_system();
        my ($worker) = children($system->pid());
        my ($user, $learned, @used) = (1, 0);

        $stores->clear();

        for my $holders (1000, $n) {
            my $coupon = $stores->coupons(1, limit => $holders, holders => $holders);
            my $before = _zone_size($worker);

            await(20, sub {
                _ask($system->port(), _draw($coupon, $user++));
                _status($system)->{learned} > $learned;
            }) or die "the coupon is not taken to the zone\n";

            $learned++;
            push @used, _zone_size($worker) - $before;
        }

        push @rows, [ "$n holders in the zone", _kb($used[-1]),
            sprintf('%.1f bytes each', $used[-1] / $n) ];
        $self->stop();
    }

    return { title => 'Memory', rows => \@rows, head => [ 'of', 'size', '' ] };
}


# A coupon that Redis does not know: the first draw loads it.
sub _reload($self) {
    my $stores = $self->{stores};
    my ($redis, $db) = ($stores->redis(), $stores->db());
    my $system = $self->_system(timeout => '100s');
    my (@rows, $user);

    for my $n ($self->{quick} ? (1000) : (10_000, 100_000, 1_000_000)) {
        $stores->clear();

        my $coupon = $stores->coupons(1, limit => $HUGE);
        my $key = '{bb:' . $coupon % 64 . "}:coupon:$coupon:issued";

        $db->do(q{INSERT INTO issued_coupon (coupon_id, user_id, nickname, phone_number)
            SELECT ?::bigint, 900000000000 + n * 89, '봄이', '01012345678'
            FROM generate_series(1, ?::bigint) n}, $coupon, $n);
        $db->do('VACUUM ANALYZE issued_coupon');

        my $disk = $db->value("SELECT pg_total_relation_size('issued_coupon')");
        my (@seconds, $memory, $file);

        for (1 .. $self->{rounds}) {
            $redis->cmd('FLUSHALL', 'SYNC');

            my $aof = $redis->cmd('INFO', 'persistence');
            my $before = $self->_redis_memory();
            my $start = time();

            _ask($system->port(), _draw($coupon, ++$user), 100)->status() == 200
                or die "the draw fails\n";
            push @seconds, time() - $start;
            $stores->committed(10);
            $memory = $self->_redis_memory() - $before;
            $file = _aof($redis->cmd('INFO', 'persistence')) - _aof($aof);

            my $members = $redis->cmd('SCARD', $key);

            push $self->{wrong}->@*, "reload: $members members of $n"
                if $members < $n + 2 or $members > $n + 1 + $user;
        }

        my $took = median(@seconds);

        push @rows, [ $n, sprintf('%.3f', $took), sprintf('%.3f-%.3f', min(@seconds),
            max(@seconds)), sprintf('%.1f', $took / $n * 1e6),
            map { sprintf('%.1f', $_ / $n) } $memory, $file, $disk ];
    }

    return { title => 'A coupon is loaded into Redis', rows => \@rows, head => [
        'holders', 'seconds', 'of rounds', 'us each', 'bytes each in Redis',
        'in its append-only file', 'in PostgreSQL' ] };
}


sub _aof($info) { return $info =~ /^aof_current_size:(\d+)/m ? $1 : 0 }


# One load of overload.lua on a system, and the CPU of each of its requests.
sub _load($self, $row, $system, $connections, $seconds, %more) {
    my $stores = $self->{stores};
    my $roots = { $stores->roots(), nginx => [ $system->pid() ] };

    $row->prepare($system);
    $system->resume();
    _ask($system->port(), _draw($row->{coupon}, 1));
    $row->settled($system, $roots);

    my $start = cpu($roots);
    my $result = Bench::Wrk->run(dir => $self->{dir}, port => $system->port(),
        script => 'overload', threads => 1, connections => $connections,
        seconds => $seconds, arguments => { $row->arguments(1)->%*, %more });

    $row->settled($system, $roots);

    my $end = cpu($roots);

    $result->{us} = { map { $_ => ($end->{$_} - $start->{$_}) / $result->{made} * 1e6 }
        keys %$end };
    $system->pause();

    push $self->{wrong}->@*, "overload: $result->{other} strange answers"
        if $result->{other};
    return $result;
}


# What a request costs that is answered by 503.
sub _refusal($self) {
    my ($stores, $quick) = $self->@{qw(stores quick)};
    my $row = Bench::Row->new(row => 'claim', stores => $stores, coupons => 1);
    my ($open, $shut) = map { $self->_system(http => "$ECHO bb_store_coupon_queue $_;") }
        16384, 1;
    my $connections = $quick ? 8 : 256;
    my $seconds = $quick ? 0.3 : $self->{seconds};
    my %cost;

    $_->pause() for $open, $shut;

    for (1 .. $self->{rounds}) {
        my $claims = $self->_load($row, $open, $connections, $seconds);
        my $refusals = $self->_load($row, $shut, $connections, $seconds);
        my ($n, $all) = ($refusals->{refused}{n},
            $refusals->{refused}{n} + $refusals->{taken}{n} || 1);

        push $cost{claim}->@*, sum0(values $claims->{us}->%*);
        push $cost{nginx}->@*, $claims->{us}{nginx};
        push $cost{refusal}->@*, $refusals->{us}{nginx};
        push $cost{all}->@*, sum0(values $refusals->{us}->%*);
        push $cost{share}->@*, $n / $all * 100;
        push $cost{rate}->@*, $n / $refusals->{duration} * 1e6;
    }

    return { title => 'Cost of a 503', head => [ '', 'median', 'of rounds' ], rows => [
        map { my ($name, $format, $list) = @$_;
            [ $name, sprintf($format, median(@$list)),
                join('-', map { sprintf($format, $_) } min(@$list), max(@$list)) ] }
        [ 'a claim, us of CPU', '%.1f', $cost{claim} ],
        [ 'of it nginx', '%.1f', $cost{nginx} ],
        [ 'with a queue of 1, a request, us of CPU', '%.1f', $cost{all} ],
        [ 'of it nginx', '%.1f', $cost{refusal} ],
        [ 'of these requests are refused, per cent', '%.1f', $cost{share} ],
        [ '503 a second', '%.0f', $cost{rate} ] ] };
}


# Twice the load that fits, then half of what fits.  PostgreSQL is slow, as one with
# a slow disk, so that the limit is its time and not what the load leaves of a core.
sub _overload($self) {
    my ($stores, $quick) = $self->@{qw(stores quick)};
    my @queues = $quick ? (4) : (64, 256, 1024, 4096, 16384);
    my ($crowd, $over, $after) = $quick ? (40, 1.2, 0.3) : ($CROWD, $OVER, $AFTER);
    my $row = Bench::Row->new(row => 'claim', stores => $stores, coupons => 1);
    my %system = map { $_ => $self->_system(
        http => "$ECHO bb_store_coupon_batch $SMALL; bb_store_coupon_queue $_;") } @queues;
    my (%found, @fits);

    $_->pause() for values %system;
    $stores->slow($SLOW);

    for (1 .. $self->{rounds}) {
        my $free = $self->_load($row, $system{ $queues[-1] }, $quick ? 4 : 256,
            $quick ? 0.3 : $self->{seconds});

        push @fits, $free->{taken}{n} / $free->{duration} * 1e6;
    }

    my $fits = median(@fits);
    my $pause = $quick ? 5 : max($crowd / $fits / 2 * 1000, 1);

    for my $round (0 .. $self->{rounds} - 1) {
        for my $queue (map { $queues[ ($_ + $round) % @queues ] } 0 .. $#queues) {
            my $result = $self->_load($row, $system{$queue}, $crowd, $over + $after,
                pause => int($pause + 0.5), switch => $over * 1000,
                later => int($pause * 4 + 0.5));
            my $f = $found{$queue} //= {};

            push $f->{$_}->@*, $result->{taken}{$_} for qw(p50 p99 max);
            push $f->{taken}->@*, $result->{taken}{n} / ($over - 1);
            push $f->{refused}->@*, $result->{refused}{n} / ($over - 1);
            push $f->{load}->@*, ($f->{taken}[-1] + $f->{refused}[-1]) / $fits;
            push $f->{quick}->@*, $result->{refused}{p99};
            push $f->{lastly}->@*, $result->{lastly};
        }
    }

    $stores->slow(0);

    my @rows;

    for my $queue (@queues) {
        my %m = map { $_ => median($found{$queue}{$_}->@*) } keys $found{$queue}->%*;

        push @rows, [ $queue, sprintf('%.0f', $m{taken}),
            map({ sprintf('%.2f', $_) } $m{taken} / $fits, $m{load}),
            map({ sprintf('%.0f', $m{$_}) } qw(refused p50 p99 max quick)),
            sprintf('%.0f', $queue / $m{taken} * 1000),
            sprintf('%.0f (%.0f-%.0f)', $m{lastly}, min($found{$queue}{lastly}->@*),
                max($found{$queue}{lastly}->@*)) ];
    }

    return { title => sprintf('Twice the load that fits, which is %.0f claims/s '
            . '(%.0f-%.0f); %d connections', $fits, min(@fits), max(@fits), $crowd),
        rows => \@rows, head => [ 'queue', 'claims/s', '× of what fits',
            'answers × of what fits', '503/s', 'p50 ms', 'p99 ms', 'longest',
            'p99 ms of a 503', 'queue ÷ claims/s, ms',
            'last 503, ms after the overload' ] };
}


1;
