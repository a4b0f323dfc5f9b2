# make run, stop and reset in a tree as it is after git clone and make.

use v5.36;
use Cwd qw(abs_path);
use File::Find qw(find);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use FindBin;
use IO::Socket::INET;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Port;

my $ROOT = abs_path("$FindBin::Bin/../..");
my @PARTS = qw(nginx redis postgres demo);

my %NAME = (nginx => 'nginx', redis => 'Redis', postgres => 'PostgreSQL',
    demo => 'the demo services');
my %PID_FILE = (nginx => 'nginx/nginx.pid', redis => 'redis/redis.pid',
    postgres => 'postgres/postmaster.pid', demo => 'demo/demo.pid');


# the tree; its folder can be entered by the servers' users

my $owner = $$;
my $dir = abs_path(tempdir('bb-store-t-XXXXXX', TMPDIR => 1));
my $tree = "$dir/tree";
my $run = "$tree/.run";

chmod(0755, $dir);
$SIG{$_} = sub { exit(1) } for qw(INT TERM HUP);

mkdir($tree) or die "$tree: $!\n";
opendir(my $root, $ROOT) or die "$ROOT: $!\n";

for my $name (sort grep { !/\A(?:\.{1,2}|\.git|\.run|build.*)\z/ } readdir($root)) {
    system('cp', '-a', "$ROOT/$name", "$tree/") == 0 or die "cp $name\n";
}

# What is built, with its paths: whatever make does here, it does it here.
mkdir("$tree/build") or die "$tree/build: $!\n";
system('cp', '-a', map({ "$ROOT/build/$_" } qw(nginx ngx_bb_store_module.so sources)),
    "$tree/build/") == 0 or die "the module is not built\n";

my $makefile = "$tree/build/nginx/Makefile";
my $made = (stat($makefile))[9];

system('sed', '-i', "s,$ROOT/,$tree/,g", $makefile) == 0 or die "sed\n";
utime($made, $made, $makefile) or die "$makefile: $!\n";

# Seven free ports in a row.
sub seven() {
    my @ports = BB::Port::take();

    while (@ports < 7) {
        my $port = BB::Port::take();

        @ports = $port == $ports[-1] + 1 ? (@ports, $port) : $port;
    }

    return @ports;
}

my @ports = seven();

delete @ENV{grep { /\A(?:BB_|PG|TZ\z|MAKE|MFLAGS)/ } keys %ENV};
@ENV{qw(BB_PORT BB_WORKERS)} = ($ports[0], 1);

END {
    local $?;

    if (defined $owner and $$ == $owner) {
        system("make -C $tree --no-print-directory reset >/dev/null 2>&1") if -d $run;
        remove_tree($dir);
    }
}


sub slurp($file) {
    open(my $in, '<', $file) or return '';
    local $/;
    return <$in> // '';
}

sub make($target, $name = "make $target") {
    my $said = `timeout 180 make -C $tree --no-print-directory $target 2>&1`;

    is($?, 0, $name) or diag($said);
    return $said;
}

# The parts that make said it starts.
sub started($said) {
    return grep { $said =~ /^bb_store: starting $NAME{$_} on port/m } @PARTS;
}

sub pid($part) { return slurp("$run/$PID_FILE{$part}") =~ /\A(\d+)/ ? $1 : 0 }

# The processes that work in the tree, or have a file open there.
sub processes() {
    my %pids;

    for my $link (glob('/proc/[0-9]*/cwd'), glob('/proc/[0-9]*/fd/*')) {
        my $target = readlink($link) // next;

        $pids{$1} = 1 if $target =~ m{\A\Q$dir\E/} and $link =~ m{/proc/(\d+)/}
            and $1 != $$;
    }

    return sort { $a <=> $b } keys %pids;
}

# All files of the tree, but for what is built.
sub tree() {
    my @files;

    find({ no_chdir => 1, wanted => sub {
        return $File::Find::prune = 1 if $_ eq "$tree/build";
        push @files, $_;
    } }, $tree);
    return join("\n", sort @files);
}

sub listens($port) {
    return defined IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
}

my $before = tree();


# the first time

my $said = make('run');

is(join(' ', sort(started($said))), join(' ', sort @PARTS), 'starts all');
like($said, qr/^bb_store runs\.$/m, 'says that it runs');
like($said, qr{^    public API +http://127\.0\.0\.1:$ports[0]/stores/$}m, 'and where');
ok(listens($_), "port $_") for @ports;

my @curl = $said =~ /^    (curl (?:.*\\\n)*.*)$/mg;

is(scalar @curl, 3, 'three lines to try');

my @answers = map { my $line = s/curl -i/curl -s -i/r; scalar `$line` } @curl;

like($answers[0], qr{\AHTTP/1\.1 200 OK\r\n.*\r\n\r\n\z}s, 'draws a coupon');
like($answers[1], qr/\r\n\r\n\{"data":null,"message":"이미 발급받은 쿠폰입니다\./,
    'has it already');
like($answers[2],
    qr/\r\n\r\n\{"data":\{"data":\[\{"couponId":1,.*?"isIssued":true\}/,
    'sees it');


# $BB_RUN_DIR/env

my @VARIABLES = qw(BB_URL BB_CLIENT_URL BB_OPS_URL REDIS_URL PGHOST PGPORT PGUSER
    PGDATABASE BB_NGINX_CONF BB_NGINX_PID BB_ERROR_LOG BB_ACCESS_LOG BB_REDIS_PID
    BB_REDIS_CONF BB_PG_DATA);
my $env = "$run/env";

is(join(' ', slurp($env) =~ /^(\w+)=/mg), "@VARIABLES", 'env: the variables');
unlike(slurp($env), qr/^(?!\w+='[^'\n]*'$)/m, 'env: nothing else');

sub shell($command) { return scalar `. '$env' && $command 2>&1` }

my %env = map { $_ => shell("printf %s \"\$$_\"") } @VARIABLES;

like(shell('curl -s "$BB_URL/stores/1/coupons/product"'), qr/"result":"SUCCESS"/,
    'BB_URL');
like(shell('curl -s "$BB_CLIENT_URL/client/stores/coupons/count" -H "userId: 5"'),
    qr/\A\{"data":0,/, 'BB_CLIENT_URL');
is(shell('curl -s "$BB_OPS_URL/livez"'), '{"status":"ok"}', 'BB_OPS_URL');
is(shell('redis-cli -u "$REDIS_URL" ping'), "PONG\n", 'REDIS_URL');
is(shell('export PGHOST PGPORT PGUSER PGDATABASE; psql -XAtc "SELECT count(*) > 0
    FROM coupon"'), "t\n", 'PGHOST and the rest');
is($env{PGPORT}, $ports[4], 'PGPORT');
like(slurp($env{BB_NGINX_CONF}), qr/listen 127\.0\.0\.1:$ports[0];/, 'BB_NGINX_CONF');
is(slurp($env{BB_NGINX_PID}) + 0, pid('nginx'), 'BB_NGINX_PID');
like(slurp($env{BB_ERROR_LOG}), qr/start worker process/, 'BB_ERROR_LOG');
like(slurp($env{BB_ACCESS_LOG}), qr{GET /stores/1/coupons/product}, 'BB_ACCESS_LOG');
is(slurp('/proc/' . (slurp($env{BB_REDIS_PID}) + 0) . '/comm'), "redis-server\n",
    'BB_REDIS_PID');
like(slurp($env{BB_REDIS_CONF}), qr/^port $ports[3]$/m, 'BB_REDIS_CONF');
like(slurp("$env{BB_PG_DATA}/postmaster.pid"), qr/\A(?:.*\n){3}$ports[4]\n/,
    'BB_PG_DATA');


# again

my %pid = map { $_ => pid($_) } @PARTS;

# 0 would be all of this test's own group
die "not all parts run\n" if grep { not $_ } values %pid;

is(join(' ', started(make('run', 'make run again'))), '', 'starts nothing');
is_deeply({ map { $_ => pid($_) } @PARTS }, \%pid, 'all go on');

for my $part (@PARTS) {
    kill('KILL', $pid{$part}) or die "kill $part: $!\n";

    is(join(' ', started(make('run', "make run without $part"))), $part,
        'starts only that');
    isnt(pid($part), $pid{$part}, 'it is a new one');

    $pid{$part} = pid($part) || die "$part does not run\n";
    is_deeply({ map { $_ => pid($_) } @PARTS }, \%pid, 'the others go on');
}

like(shell('curl -s "$BB_OPS_URL/readyz"'), qr/"ready":true/, 'all is well');


# a port that somebody else has

{
    my @others = seven();
    my $port = $others[3];
    my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
        Listen => 1) or die "listen: $@\n";

    local @ENV{qw(BB_RUN_DIR BB_PORT)} = ("$dir/other", $others[0]);

    $said = `make -C $tree --no-print-directory run 2>&1`;
    isnt($?, 0, 'a taken port: fails');
    like($said, qr/^bb_store: port $port \(Redis\) is taken by .*, pid $owner$/m,
        'names it');
    like($said, qr/^bb_store: end that, or choose another seven ports: make run /m,
        'and says what to do');
    is(join(' ', started($said)), '', 'starts nothing');

    make('reset', 'make reset of that');
    ok((not -e "$dir/other"), 'leaves nothing');
}


# stop

make('stop');
is(join(' ', processes()), '', 'no process is left');
ok((not listens($_)), "port $_ is free") for @ports;
like(make('stop', 'make stop again'), qr/stopped/, 'nothing to stop');

is(join(' ', sort(started(make('run', 'make run after stop')))),
    join(' ', sort @PARTS), 'starts all');
$answers[1] = `$curl[1] -s`;
like($answers[1], qr/"message":"이미 발급받은 쿠폰입니다\./, 'nothing was forgotten');


# reset

make('reset', 'make reset of what runs');
is(join(' ', processes()), '', 'no process is left');
ok((not listens($_)), "port $_ is free") for @ports;
is(tree(), $before, 'no file is left');
like(make('reset', 'make reset again'), qr/nothing to do/, 'nothing to do');

done_testing();
