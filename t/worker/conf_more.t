# A mistake of the configuration is named with its file, its line, the value and the
# remedy, and without the password that stands beside it.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use Test::More;

use BB::Test;

my $t = BB::Test->new(nginx => 0)->run();
my $dir = $t->dir();
my $SECRET = 's3cret';

sub write_file($name, $text) {
    open(my $out, '>', $name) or die "$name: $!\n";
    print $out $text;
    close($out) or die "$name: $!\n";
    return $name;
}

make_path(map { "$dir/$_" } qw(unknown empty folder/coupon_issue.lua good));
write_file("$dir/unknown/coupon_isue.lua", "return 1\n");
write_file("$dir/empty/coupon_issue.lua", '');
write_file("$dir/good/coupon_issue.lua", "return 1\n");
write_file("$dir/good/README", "not a script\n");

my $empty = write_file("$dir/empty.password", "\n$SECRET\n");
my $long = write_file("$dir/long.password", $SECRET x 1000);
my $good = write_file("$dir/good.password", "$SECRET\n");

$ENV{BB_TEST_EMPTY} = '';
$ENV{BB_TEST_SECRET} = $SECRET;

# the directive, in place of one of that name; what the message says, besides the line
my @mistakes = (
    [ 'bb_store_redis redis://127.0.0.1:1/-1', qr/"-1".*number from 0/ ],
    [ 'bb_store_redis unix:/tmp/r.sock?database=1', qr/database=1.*"\?db=number"/ ],
    [ 'bb_store_redis unix:/tmp/r.sock?db=x', qr/"x".*number from 0/ ],
    [ 'bb_store_redis redis://user@127.0.0.1:1/0', qr/"user".*password_file=/ ],
    [ "bb_store_redis redis://u:$SECRET\@127.0.0.1:1/0 user=v", qr/twice/ ],
    [ "bb_store_redis redis://u:$SECRET\@127.0.0.1:x/0", qr/127\.0\.0\.1:x.*host:port/ ],
    [ "bb_store_redis redis://u:$SECRET/x\@127.0.0.1:1/0", qr/"%2F"/ ],
    [ "bb_store_redis redis://u:$SECRET\@127.0.0.1:1/0 password_file=$good",
        qr/password/ ],
    [ "bb_store_redis rediss://u:$SECRET\@127.0.0.1:1/0", qr/TLS.*stunnel/ ],
    [ "bb_store_redis http://u:$SECRET\@127.0.0.1:1/0", qr/"http".*"redis:/ ],
    [ "bb_store_redis u:$SECRET\@127.0.0.1:1/0", qr/scheme.*"redis:/ ],
    [ "bb_store_redis redis://127.0.0.1:1/0 pasword=$SECRET",
        qr/"pasword".*password_file=/ ],
    [ "bb_store_redis redis://127.0.0.1:1/0 user=", qr/"user="/ ],
    [ "bb_store_redis redis://127.0.0.1:1/0 password_file=", qr/path/ ],
    [ "bb_store_redis redis://127.0.0.1:1/0 password_file=$empty", qr/\Q$empty\E/ ],
    [ "bb_store_redis redis://127.0.0.1:1/0 password_file=$long", qr/\Q$long\E.*long/ ],
    [ "bb_store_redis redis://127.0.0.1:1/0 password_file=$dir", qr/"\Q$dir\E"/ ],
    [ 'bb_store_redis redis://127.0.0.1:1/0 password_env=BB_TEST_EMPTY',
        qr/BB_TEST_EMPTY/ ],
    [ "bb_store_redis redis://127.0.0.1:1/0 password_file=$good"
        . ' password_env=BB_TEST_SECRET', qr/password/ ],
    [ 'bb_store_redis redis://127.0.0.1:1/0 timeout=1s timeout=2s',
        qr/duplicate.*timeout=2s/ ],
    [ 'bb_store_redis redis://127.0.0.1:1/0 queue=1 queue=2', qr/duplicate.*queue=2/ ],

    [ "bb_store_postgres 'host=127.0.0.1 password=$SECRET hots=x'", qr/password/ ],
    [ "bb_store_postgres postgresql://u:$SECRET\@127.0.0.1:1/d?x=y", qr/password/ ],
    [ "bb_store_postgres 'host=127.0.0.1 service=store'", qr/"service".*write the/ ],
    [ "bb_store_postgres 'host=127.0.0.1 connect_timeout=2'",
        qr/"connect_timeout".*behind the connection string/ ],
    [ "bb_store_postgres 'host=127.0.0.1 replication=database'",
        qr/"replication".*remove/ ],
    [ "bb_store_postgres 'host=127.0.0.1 port=0'", qr/port "0".*from 1 to 65535/ ],
    [ "bb_store_postgres 'hostaddr=127.0.0.x'", qr/"127\.0\.0\.x".*numeric/ ],
    [ "bb_store_postgres 'host=a,b hostaddr=127.0.0.1'", qr/2 in host, 1 in hostaddr/ ],
    [ "bb_store_postgres host=127.0.0.1 dbname=store", qr/"dbname=store".*quote/ ],
    [ 'bb_store_postgres host=127.0.0.1 connections=1001', qr/=1001.*from 1 to 1000/ ],
    [ 'bb_store_postgres host=127.0.0.1 timeout=0s', qr/timeout=0s.*from 1ms/ ],
    [ "bb_store_postgres host=127.0.0.1 password_file=$empty",
        qr/\Q$empty\E.*empty.*must be the password/ ],
    [ "bb_store_postgres host=127.0.0.1 password_file=$long", qr/\Q$long\E.*too long/ ],
    [ "bb_store_postgres host=127.0.0.1 password_file=$dir", qr/"\Q$dir\E"/ ],
    [ 'bb_store_postgres host=127.0.0.1 password_env=BB_TEST_EMPTY',
        qr/BB_TEST_EMPTY.*set it/ ],
    [ "bb_store_postgres host=127.0.0.1 password_file=$good"
        . ' password_env=BB_TEST_SECRET', qr/given twice/ ],
    [ "bb_store_postgres 'host=127.0.0.1 password=$SECRET' password_file=$good",
        qr/given twice/ ],

    [ "bb_store_scripts $dir/unknown", qr/coupon_isue\.lua".*remove or rename/ ],
    [ "bb_store_scripts $dir/empty", qr/coupon_issue\.lua".*built-in/ ],
    [ "bb_store_scripts $dir/folder", qr/coupon_issue\.lua".*not a regular file/ ],
    [ "bb_store_scripts $good", qr/"\Q$good\E"/ ],

    [ 'bb_store_coupon_batch 0', qr/"0".*from 1 to 4096/ ],
    [ 'bb_store_coupon_batch 5000', qr/"5000".*from 1 to 4096/ ],
    [ 'bb_store_coupon_queue 0', qr/"0".*from 1 to/ ],
    [ 'bb_store_coupon_queue x', qr/"x".*from 1 to/ ],
    [ 'bb_store_coupon_committer all', qr/"all".*host or worker/ ],
    [ 'bb_store_user caller', qr/"caller".*variable/ ],
    [ 'bb_store_zone bb:8m', qr/duplicate/ ],
    [ 'bb_store_zone :8m', qr/":8m".*name:size/ ],
);

# The configuration with the directive alone on its line; returns the line's number.
sub with($directive) {
    my ($name) = $directive =~ /^(\w+)/;
    my $replaces = $name =~ /\A(?:bb_store_redis|bb_store_postgres)\z/
        || $directive eq 'bb_store_zone :8m';
    my %change = (http => $directive . ';', $replaces ? (without => $name) : ());
    my @lines = split(/\n/, $t->nginx()->conf(http => '@here@'));
    my ($line) = grep { $lines[$_ - 1] =~ /\@here\@/ } 1 .. @lines;

    return ($line, $t->nginx()->check(%change));
}

is($t->nginx()->check(http => "bb_store_scripts $dir/good;",
    redis_args => "user=u password_file=$good",
    postgres_args => 'password_env=BB_TEST_SECRET'), '', 'nothing is wrong');

for my $mistake (@mistakes) {
    my ($directive, $pattern) = @$mistake;
    my ($line, $said) = with($directive);

    # a script directory is read at the end
    $line = qr/\d+/ if $directive =~ /^bb_store_scripts/;

    like($said, qr/\[emerg\].*$pattern.* in \Q$dir\E\/nginx\/check\.conf:$line\n/,
        $directive);
    unlike($said, qr/$SECRET/, 'without the password');
}


# where a location is at fault, it is named

my ($said, $line);

$said = $t->nginx()->check(ops => 'proxy_pass http://127.0.0.1:1;');
like($said, qr/"bb_store_ops".*a location of its own.* in \S+check\.conf:\d+\n/,
    'bb_store_ops beside another handler');
$said = $t->nginx()->check(without => 'bb_store_postgres');
like($said, qr/"bb_store_postgres" is missing.* in \S+check\.conf:\d+\n/, 'none');
$said = $t->nginx()->check(server => 'location ~ ^/x { bb_store coupon; }');
like($said, qr{"\^/x".*bb_store_mount.* in \S+check\.conf:\d+\n}, 'no mount');
$said = $t->nginx()->check(server => 'location @x { bb_store coupon; }');
like($said, qr{"\@x".*bb_store_mount.* in \S+check\.conf:\d+\n}, 'nor here');
$said = $t->nginx()->check(server => 'bb_store coupon;');
like($said, qr/"bb_store" directive is not allowed here.* in \S+check\.conf:\d+\n/,
    'not of a server');

$t->done();
