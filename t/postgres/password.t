# The password of a role with SCRAM comes from a file or the environment, and is shown
# nowhere.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $secret = q{it's a \\ s3cret};
my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7 } ])->run();
my $nginx = $t->nginx();
my $file = $t->dir() . '/password';
my $hba = $t->dir() . '/postgres/data/pg_hba.conf';
my $user = 0;

sub write_file($name, $text) {
    open(my $out, '>', $name) or die "$name: $!\n";
    print $out $text;
    close($out) or die "$name: $!\n";
}

$t->db()->do('CREATE ROLE store LOGIN PASSWORD ' . $t->db()->handle()->quote($secret));
$t->db()->do('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public
    TO store');
$t->db()->do('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO store');
write_file($hba, "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
$t->db()->do('SELECT pg_reload_conf()');

# A checker makes the mathematics of a password so slow that it is waited for.
sub works($name) {
    ok(connected($t), "$name: connected");
    is($t->claim(7, user => ++$user), ISSUED, $name);
    is((ready($t))[0], 200, "$name: ready");
}

sub fails($reason, $name) {
    is_unavailable($t->request($t->draw(7, 1000)), $name);
    like((ready($t))[1]{postgres}, $reason, "$name: for this reason");
}

my $conninfo = 'host=127.0.0.1 user=store dbname=store port=' . $t->db()->port();

$nginx->configure(conninfo => $conninfo);
$nginx->start();
fails(qr/no password/, 'none');

write_file($file, "$secret\nignored\n");
$nginx->reconfigure(postgres_args => "password_file=$file");
works('from a file');

write_file($file, "$secret\r\n");
$nginx->reconfigure();
works('from another');

write_file($file, "wrong\n");
$nginx->reconfigure();
fails(qr/password authentication failed/, 'a wrong one');

$nginx->quit();
$ENV{BB_TEST_SECRET} = $secret;
$nginx->{postgres_args} = 'password_env=BB_TEST_SECRET';
$nginx->start();
works('from the environment');
$nginx->reconfigure(postgres_args => 'password_env=BB_TEST_SECRET timeout=2s');
works('after a reload');

my $shown = $nginx->shown() . $nginx->log_text()
    . $t->new_client('ops')->request('GET', '/ops/status')->body();

is(index($shown, $secret), -1, 'not shown');
is(index($shown, 's3cret'), -1, 'no part of it');

$t->done();
