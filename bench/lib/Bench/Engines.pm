# The limits of the engines below: the same script and the same statements,
# without a service before them.

package Bench::Engines;

use v5.36;
use Cwd qw(abs_path);
use Digest::SHA qw(sha1_hex);
use File::Basename qw(dirname);
use List::Util qw(max);

use BB::Postgres;
use BB::Process qw(await);
use Bench::Cpu qw(cpu settle);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $HUGE = 2_000_000_000;
my ($READERS, $FEW) = (20_000, 200);   # users in the reads, and if quick

# calls: of redis-benchmark in a second, so that it takes about that long
my @SPECS = (
    map({ { engine => 'redis', what => 'coupon_issue', users => $_->[0],
            pipeline => $_->[1], connections => $_->[2], calls => $_->[3] } }
        [ 1, 1, 64, 40_000 ], [ 1, 16, 64, 80_000 ], [ 1, 64, 64, 80_000 ],
        [ 16, 1, 1, 6_000 ], [ 64, 1, 1, 2_500 ]),
    map({ { engine => 'postgres', what => 'issue_batch', users => $_->[0],
            connections => $_->[1] } }
        [ 1, 1 ], [ 16, 1 ], [ 64, 1 ], [ 256, 1 ], [ 64, 4 ], [ 64, 16 ]),
    map({ { engine => 'postgres', what => $_, users => 1, connections => 1 } }
        qw(my list)),
);


# quick: one of each kind
sub specs(%o) {
    return @SPECS if not $o{quick};

    my %seen;

    return grep { not $seen{ $_->{what} }++ } @SPECS;
}


# One measurement; spec, stores, dir, seconds.  A batch's spec may say coupons:
# the clients take turns with that many.
# Returns { rate (claims or statements a second), cpu (us each, of the server),
# client (us each), latency (ms of a call, where known), wrong }.
sub run(%o) {
    my ($spec, $stores) = @o{qw(spec stores)};

    $stores->clear();
    $stores->count(1);
    return $spec->{engine} eq 'redis' ? _redis(%o) : _postgres(%o);
}


sub _redis(%o) {
    my ($spec, $stores, $seconds) = @o{qw(spec stores seconds)};
    my $redis = $stores->redis();
    my $id = $stores->coupons(1, limit => $HUGE);
    my $tag = '{bb:' . $id % 64 . '}';
    my $script = _slurp('lua-scripts/coupon_issue.lua');
    my $n = int(max($spec->{calls} * $seconds, 100));

    $redis->cmd('SCRIPT', 'LOAD', $script);

    my $run = _measured($stores, 'redis', $o{dir}, 'redis-benchmark', '-p',
        $redis->port(), '-c', $spec->{connections}, '-P', $spec->{pipeline}, '-n', $n,
        '-r', $HUGE, '--csv', 'EVALSHA', sha1_hex($script), 3, "$tag:coupon:$id",
        "$tag:coupon:$id:issued", "$tag:claims", $redis->run_id(), $stores->today(), $id,
        join(",\n", ('[__rand_int__,"봄이","01012345678",__rand_int__]') x $spec->{users}),
        ('__rand_int__') x $spec->{users});

    # "test", then calls a second and six latencies
    my ($rate) = $run->{text} =~ /,"([\d.]+)"(?:,"[\d.]+"){6}\s*\z/
        or return { wrong => [ "redis-benchmark: $run->{text}" ] };

    # It makes some more calls than it was told, and random users meet now and
    # then.
    my $claims = $n * $spec->{users};
    my $members = $stores->members();
    my $more = $spec->{users} * $spec->{pipeline} * $spec->{connections};

    return _round($run, $members || 1, $rate * $spec->{users},
        $members > $claims * 0.99 && $members <= $claims + $more ? ()
        : "$members of $claims claims were granted");
}


sub _postgres(%o) {
    my ($spec, $stores, $seconds) = @o{qw(spec stores seconds)};
    my $n = $spec->{users};
    my $readers = $seconds < 0.5 ? $FEW : $READERS;
    my $id;

    if ($spec->{what} eq 'issue_batch') {
        $id = $stores->coupons($spec->{coupons} // 1, limit => $HUGE);

    } elsif ($spec->{what} eq 'my') {
        $stores->holders($readers);
    }

    my $round = pgbench(%o, users => $n, connections => $spec->{connections},
        text => _statement($spec->{what}, $n, $readers, $spec->{coupons} // 1),
        define => { coupon => $id // 0 });
    my ($rows, $done) = ($id ? $stores->rows() : 0, $round->{done} // 0);

    push $round->{wrong}->@*, "$rows rows of $done batches of $n"
        if $id && $done && ($rows > $done * $n || $rows < $done * $n * 0.999);

    return $round;
}


# Runs a script of pgbench, without JIT and in the zone of the module's sessions.
# stores, dir, seconds (a few transactions if it is less than half of one), text,
# connections; define: variables; users: what a transaction is counted as;
# transactions: how many instead of seconds
# Returns a round, and done: the number of transactions.
sub pgbench(%o) {
    my ($stores, $seconds) = @o{qw(stores seconds)};
    my $program = BB::Postgres::_program('postgres') =~ s{postgres\z}{pgbench}r;
    my $file = "$o{dir}/pgbench.sql";
    my $n = $o{users} // 1;
    my @extent = $o{transactions} ? ('-t', $o{transactions})
        : $seconds >= 0.5 ? ('-T', int($seconds + 0.5)) : ('-t', 20);
    my %define = (today => $stores->today(), ($o{define} // {})->%*);

    open(my $out, '>', $file) or die "$file: $!\n";
    print $out $o{text};
    close($out) or die "$file: $!\n";

    local $ENV{PGOPTIONS} = "-c jit=off -c TimeZone=$ENV{TZ}";

    my $run = _measured($stores, 'postgres', $o{dir}, $program, '-h', '127.0.0.1', '-p',
        $stores->db()->port(), '-U', 'postgres', '-n', '-M', 'prepared', '-c',
        $o{connections} // 1, @extent, map({ ('-D', "$_=$define{$_}") } sort keys %define),
        '-f', $file, 'store');

    my ($done) = $run->{text} =~ /^number of transactions actually processed: (\d+)/m
        or return { wrong => [ "pgbench: $run->{text}" ] };
    my ($rate) = $run->{text} =~ /^tps = ([\d.]+)/m;
    my ($failed) = $run->{text} =~ /^number of failed transactions: (\d+)/m;

    my $round = _round($run, $done * $n, $rate * $n,
        $failed ? "$failed transactions failed" : ());

    $round->{done} = $done;
    $round->{latency} = $1 + 0 if $run->{text} =~ /^latency average = ([\d.]+) ms/m;
    return $round;
}


# A statement of sql/ and its parameters' names.  Variables of pgbench stand for
# them: of each the first one it meets, which it numbers, so the server gets the
# very same text with its parameters in another order.  What pgbench would take
# for a variable within a literal is written as an escape.
# variables: by name of a parameter; a name without one is sent as NULL
sub statement($name, %variables) {
    my ($list) = _slurp("sql/$name.sql") =~ /^-- Parameters: (.*)/m;
    my @names = split(/, /, $list // '');
    my ($n, %number) = (0);
    my $text = _sql($name) =~ s{'([^']*)'}{ my $word = $1;
        $word =~ s/:(?=\w)/\\x3a/g ? "E'$word'" : "'$word'" }ger;

    return $text =~ s{\$(\d+)}{ $number{$1} ? "\$$number{$1}"
        : do { $number{$1} = ++$n; ':' . ($variables{ $names[$1 - 1] } // 'null') } }ger;
}


# The statement as the module sends it; its arrays are made by the server.
sub _statement($what, $n, $readers, $coupons) {
    if ($what eq 'issue_batch') {
        my $random = sub($range) {
            return "ARRAY(SELECT ($range * random())::bigint FROM generate_series(1, $n))";
        };
        my %argument = (1 => "array_fill(:own::bigint, ARRAY[$n])",
            2 => $random->(1e15), 3 => "array_fill('봄이'::text, ARRAY[$n])",
            4 => "array_fill('01012345678'::text, ARRAY[$n])", 5 => $random->(1e18));

        return "\\set own :coupon + :client_id % $coupons\n"
            . _sql('coupon/issue_batch') =~ s/\$(\d)/$argument{$1}/gr . ";\n";
    }

    return "\\set n random(0, $readers - 1)\n"
        . "\\set user 900000000000 + 10000000 + :n * 55621993 % 89999999\n"
        . _sql('coupon/my') =~ s/\$1/:user/gr =~ s/\$2/:today/gr . ";\n"
        if $what eq 'my';

    return _sql('store/list') =~ s/\$1/20/gr =~ s/\$2/0/gr . ";\n";
}


sub _sql($name) { return _slurp("sql/$name.sql") =~ s/^--.*\n//mgr =~ s/\s+\z//r }


sub _slurp($file) {
    open(my $in, '<', "$ROOT/$file") or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}


# A client program to its end: its words, and the CPU of both sides.
sub _measured($stores, $name, $dir, @argv) {
    my %roots = $stores->roots();
    my $roots = { $name => $roots{$name} };

    unlink("$dir/client");
    settle($roots, 10);

    my $start = cpu($roots)->{$name};
    my $before = (times())[2] + (times())[3];
    my $client = BB::Process->start(argv => \@argv, output => "$dir/client");
    my $ended = await(120, sub { defined $client->ended() });

    $client->stop('KILL', 5) if not $ended;
    my $used = (times())[2] + (times())[3] - $before;

    settle($roots, 10);

    open(my $said, '<', "$dir/client") or die "$dir/client: $!\n";
    my $text = do { local $/; <$said> } // '';

    return { text => $text, cpu => cpu($roots)->{$name} - $start, client => $used };
}


sub _round($run, $n, $rate, @wrong) {
    return { rate => $rate, cpu => $run->{cpu} / $n * 1e6,
        client => $run->{client} / $n * 1e6, @wrong ? (wrong => \@wrong) : () };
}


1;
