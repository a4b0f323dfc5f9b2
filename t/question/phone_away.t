# PostgreSQL away while phone numbers are asked for: what could not be stored is asked
# for again, and what was not asked for is no attempt.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Test;

my $t = BB::Test->new(domains => 'question', stores => [ { id => 5 } ],
    postgres_args => 'timeout=500ms lock_timeout=100ms');
my $services = BB::Services->new($t, quick => '20s');

$t->run();

sub up() { return await(10, sub { counter(status($t), 'postgres_write', 'up') }) }

my $n = 0;

for my $mode (qw(fast immediate)) {
    my ($id) = wait_for_number($t, ++$n);

    due($t, $id);
    my ($call) = $services->calls(1);

    $t->db()->stop($mode);
    ok(await(10, sub { not counter(status($t), 'postgres_write', 'up') }), "$mode: it is away");

    my $failed = () = $t->nginx()->log_text() =~ /statement "question/g;

    $services->say($call, data(envelope('"1"')), end => 1);
    ok($t->nginx()->logged(qr/statement "question\/notify": no connection/, $n),
        'the number cannot be stored');
    is(status($t)->{question}{numbers_found}, $n - 1, 'nor does it count');

    $t->db()->start();
    ok(up(), 'it is back');
    is(scalar(() = $t->nginx()->log_text() =~ /statement "question/g), $failed + 1,
        'nothing was tried meanwhile');
    is(message($t, $id) . row($t, $id)->{attempts}, 'waits1', 'the message waits');

    due($t, $id);
    ($call) = $services->calls(1);
    $services->say($call, data(envelope('"2"')), end => 1);
    ok(await(10, sub { message($t, $id) =~ /"phoneNumber":"2"/ }), 'the number arrives');
    is(status($t)->{question}{numbers_found}, $n, 'and counts');
}


# silent, with the look itself under way

my ($id) = wait_for_number($t, ++$n);

due($t, $id);
my ($call) = $services->calls(1);
$t->db()->pause();
$services->say($call, data(envelope('"1"')), end => 1);
ok($t->nginx()->logged(qr/statement "question\/notify": (?:no answer in time|connection lost)/),
    'silent: the number may be stored or not');
$t->db()->resume();
ok(up(), 'it answers again');

if (message($t, $id) eq 'waits') {
    due($t, $id);
    ($call) = $services->calls(1);
    $services->say($call, data(envelope('"1"')), end => 1);
}

ok(await(10, sub { message($t, $id) =~ /"phoneNumber":"1"/ }), 'in the end it is');
is($services->waiting(), 0, 'and no other call');

$t->done();
