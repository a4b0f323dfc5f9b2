# Settings of the servers with which something acknowledged can be lost are warned of
# at the start, and when another server answers, once for each.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(nginx => 0, workers => 2, postgres_conf => {
    fsync => 'on', full_page_writes => 'on' })->run();
my ($nginx, $redis) = ($t->nginx(), $t->redis());

sub warnings() {
    return $nginx->log_text() =~ /\[warn\].*? bb_store settings: (.*)/g;
}

# Whether these are the warnings that came since, in any order.
my $seen = 0;

sub warned($name, @expected) {
    my @all;

    await(10, sub { @all = warnings(); @all >= $seen + @expected });

    my @new = @all[ $seen .. $#all ];

    $seen = @all;
    is_deeply([ sort map { s/: .*//r } @new ], [ sort @expected ], $name);
}

# The next look at the server has been made.
sub looked() {
    my $calls = sub { return $redis->cmd(qw(INFO commandstats))
        =~ /^cmdstat_config\|get:calls=(\d+)/m ? $1 : 0 };
    my $before = $calls->();

    $redis->drop_clients();
    ok(await(10, sub { $calls->() > $before }), 'it looks again');
}

# all is well
$nginx->start();
looked();
warned('nothing to warn of');

# Redis, while nginx runs
$redis->cmd(qw(CONFIG SET maxmemory-policy allkeys-lru));
$redis->cmd(qw(CONFIG SET appendonly no));
$redis->cmd(qw(CONFIG SET appendfsync no));
looked();

my @redis = ('Redis has maxmemory-policy = "allkeys-lru"', 'Redis has appendonly = "0"',
    'Redis has appendfsync = "no"');

warned('Redis', @redis);
looked();
warned('the same is not said again');
$redis->cmd(qw(CONFIG SET maxmemory-policy volatile-lru));
looked();
warned('another value is', 'Redis has maxmemory-policy = "volatile-lru"');
$redis->cmd(qw(CONFIG SET maxmemory-policy noeviction));
looked();
$redis->cmd(qw(CONFIG SET maxmemory-policy volatile-lru));
looked();
warned('and one that comes back', 'Redis has maxmemory-policy = "volatile-lru"');

# PostgreSQL, of this role, then of the server
$t->db()->do('ALTER ROLE CURRENT_USER SET synchronous_commit = off');
$t->db()->drop_clients();
warned('PostgreSQL', 'PostgreSQL has synchronous_commit = "off"');
$t->db()->{conf}->%* = ($t->db()->{conf}->%*, fsync => 'off',
    full_page_writes => 'off');
$t->db()->restart();
warned('another PostgreSQL', 'PostgreSQL has fsync = "off"',
    'PostgreSQL has full_page_writes = "off"');

# another process tells all of it
$nginx->gone($nginx->reload());
warned('a new worker', 'Redis has maxmemory-policy = "volatile-lru"',
    @redis[ 1, 2 ], map { "PostgreSQL has $_ = \"off\"" }
    qw(synchronous_commit fsync full_page_writes));

# who may not ask for all is told what is to be seen
is($redis->cmd(qw(ACL SETUSER default -config)), 'OK', 'Redis forbids to ask');
$nginx->gone($nginx->reload());
warned('what is seen', 'Redis has maxmemory-policy = "volatile-lru"', $redis[1],
    map { "PostgreSQL has $_ = \"off\"" }
    qw(synchronous_commit fsync full_page_writes));

$t->done();
