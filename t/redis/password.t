# The password comes from a file or the environment, the user also from the URL, and
# no password is shown anywhere.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my @secrets = qw(first/s%cret second:s@cret);
my $t = BB::Test->new(coupons => [ { id => 7 } ])->run();
my $nginx = $t->nginx();
my $file = $t->dir() . '/password';
my $user = 0;

is($t->claim(7, user => ++$user), ISSUED, 'no password');

$t->redis()->cmd('ACL', 'SETUSER', 'store', 'on', ">$secrets[1]", '~*', '&*', '+@all');
$t->redis()->cmd('ACL', 'SETUSER', 'other', 'on', '>wrong', '~other', '+@read');
$t->redis()->cmd('CONFIG', 'SET', 'requirepass', $secrets[0]);

sub write_file($text) {
    open(my $out, '>', $file) or die "$file: $!\n";
    print $out $text;
    close($out) or die "$file: $!\n";
}

sub works($name) {
    is($t->claim(7, user => ++$user), ISSUED, $name);
    is((ready($t))[0], 200, "$name: ready");
}

sub fails($reason, $name) {
    is_unavailable($t->request($t->draw(7, 1000)), $name);
    my ($code, $ready) = ready($t);

    is($code, 503, "$name: not ready");
    like($ready->{redis}, $reason, "$name: for this reason");
}

my $url = '127.0.0.1:' . $t->redis()->port() . '/0';

$nginx->reconfigure();
fails(qr/NOAUTH/, 'no password for a server that wants one');

write_file("$secrets[0]\nignored\n");
$nginx->reconfigure(redis_args => "password_file=$file");
works('from a file');

write_file("$secrets[1]\r\n");
$nginx->reconfigure(redis_args => "user=store password_file=$file");
works('of another user');

$nginx->reconfigure(redis_url => "redis://store\@$url",
    redis_args => "password_file=$file");
works('of a user in the URL');
$nginx->reconfigure(redis_url => undef);

write_file("wrong\n");
$nginx->reconfigure(redis_args => "password_file=$file");
fails(qr/WRONGPASS/, 'a wrong password');
$nginx->reconfigure(redis_args => "user=other password_file=$file");
fails(qr/NOPERM/, 'a user without the right');

# of nginx's own environment
$t->nginx()->quit();
$ENV{BB_TEST_SECRET} = $secrets[0];
$nginx->{redis_args} = 'password_env=BB_TEST_SECRET';
$nginx->start();
works('from the environment');
$nginx->reconfigure(redis_args => 'password_env=BB_TEST_SECRET timeout=900ms');
works('after a reload');

my $shown = $nginx->shown() . $nginx->log_text() . $t->new_client('ops')->request('GET',
    '/ops/status')->body();

is(index($shown, $_), -1, 'not shown') for @secrets;

$t->done();
