# The example configuration is right, and runs.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use POSIX ();
use BB::Process;
use BB::Test;

my $ROOT = abs_path(dirname(__FILE__) . '/../..');
my $NGINX = $ENV{BB_NGINX} // '/usr/sbin/nginx';
my $MODULE = abs_path($ENV{BB_MODULE} // "$ROOT/build/ngx_bb_store_module.so");

my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7, issued => [ 1 ] } ])->run();
my $dir = $t->dir() . '/example';
my %port = map { $_ => BB::Port::take() } qw(tls internal ops upstream);

make_path("$dir/store-scripts", "$dir/tmp");
chmod(0755, $dir);

sub write_file($name, $text) {
    open(my $out, '>', $name) or die "$name: $!\n";
    print $out $text;
    close($out) or die "$name: $!\n";
}

sub run(@command) {
    my $pid = open(my $said, '-|') // die "fork: $!\n";

    if ($pid == 0) {
        open(STDERR, '>&', \*STDOUT);
        exec(@command) or POSIX::_exit(127);
    }

    my $text = do { local $/; <$said> } // '';

    close($said);
    return ($?, $text);
}

my ($status, $said) = run(qw(openssl req -x509 -newkey ec -pkeyopt
    ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=store.example.com),
    '-keyout' => "$dir/store.key", '-out' => "$dir/store.pem");

is($status, 0, 'a certificate') or diag($said);
write_file("$dir/store-redis.password", "a\n");
write_file("$dir/store-postgres.password", "b\n");

open(my $in, '<', "$ROOT/nginx.conf.example") or die "nginx.conf.example: $!\n";
my $conf = do { local $/; <$in> };
close($in);

# what belongs to a host; each must be there
for my $change (
    [ qr{/usr/lib/nginx/modules/ngx_bb_store_module\.so} => $MODULE ],
    [ qr{/run/nginx\.pid} => "$dir/nginx.pid" ],
    [ qr{/var/log/nginx/} => "$dir/" ],
    [ qr{/etc/nginx/tls/} => "$dir/" ],
    [ qr{/etc/nginx/store-} => "$dir/store-" ],
    [ qr{listen( +)443 } => "listen 127.0.0.1:$port{tls} " ],
    [ qr{10\.0\.0\.5:8701} => "127.0.0.1:$port{internal}" ],
    [ qr{127\.0\.0\.1:8702} => "127.0.0.1:$port{ops}" ],
    [ qr{127\.0\.0\.1:8080} => "127.0.0.1:$port{upstream}" ],
    [ qr{redis://127\.0\.0\.1:6379} => 'redis://127.0.0.1:' . $t->redis()->port() ],
    [ qr{port=5432 user=store} => 'port=' . $t->db()->port() . ' user=postgres' ],
    [ qr{^user .*}m => defined BB::Process::server_user() ? 'user nobody nogroup;' : '' ],
    [ qr/^http \{/m => "http {\n" . join('', map { "${_}_temp_path $dir/tmp;\n" }
        qw(client_body proxy fastcgi uwsgi scgi)) ])
{
    my ($pattern, $text) = @$change;

    ok($conf =~ s/$pattern/$text/g, "the example has $pattern");
}

sub test($text, $name) {
    write_file("$dir/nginx.conf", $text);

    my ($status, $said) = run($NGINX, '-t', '-q', '-p', "$dir/", '-c',
        "$dir/nginx.conf", '-e', "$dir/test.log");

    is($said, '', $name);
    is($status, 0, "$name: accepted");
}

test($conf, 'as it is');

# what it shows in comments
my $more = $conf;

is($more =~ s/^( +)# (?=(?:user=store )?password_file=)/$1/mg, 2, 'two passwords');
is($more =~ s/^( *)# (?=env |bb_store_scripts )/$1/mg, 2, 'a variable, scripts');
test($more, 'with all that it offers');


# for real

write_file("$dir/nginx.conf", "daemon off;\n$conf");

my $process = BB::Process->start(argv => [ $NGINX, '-p', "$dir/", '-c',
    "$dir/nginx.conf", '-e', "$dir/error.log" ], output => "$dir/output",
    death => 'TERM');
my $ops = BB::Client->new($port{ops});

$process->ready(20, sub {
    eval { $ops->request('GET', '/readyz')->status() == 200 };
});
pass('ready');
is(BB::Client->new($port{internal})->request('GET', '/client/stores/coupons/count',
    user => 1)->json()->{data}, 1, 'the internal listener');
is(BB::Client->new($port{internal})->request('POST', '/client/stores/settlements',
    body => '[' . join(',', 1000 .. 100_000) . ']')->body(),
    '{"data":[],"message":null,"errorCode":null,"result":"SUCCESS"}',
    'takes the ids of all stores');
is(BB::Client->new($port{internal})->request('GET', '/stores/coupons/my',
    user => 1)->status(), 404, 'serves nothing else');
is($ops->request('GET', '/stores/coupons/my', user => 1)->status(), 404,
    'nor does the one of operations');

open(my $session, '-|', 'sh', '-c', "printf 'GET /stores/coupons/my HTTP/1.1\\r\\n"
    . "Host: store.example.com\\r\\nuserId: 1\\r\\nConnection: close\\r\\n\\r\\n'"
    . " | openssl s_client -quiet -ign_eof -connect 127.0.0.1:$port{tls}"
    . " 2> $dir/tls.log") or die "sh: $!\n";
my $answer = do { local $/; <$session> } // '';

close($session);
like($answer, qr{\AHTTP/1\.1 200 OK.*"couponId":7,}s, 'the public one, over TLS');
ok($process->stop('QUIT', 10), 'it ends');

open(my $log, '<', "$dir/error.log") or die "error.log: $!\n";
is(join('', grep { /\[(?:alert|emerg|crit)\]/ } <$log>), '', 'no fault in its log');

$t->done();
