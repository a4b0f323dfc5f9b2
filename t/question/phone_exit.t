# A worker that ends while it asks for a phone number: by reload and quit the number
# still arrives, or its deadline does; killed or stopped, the next one asks again.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);

use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Test;

my $t = BB::Test->new(domains => 'question', workers => 2, stores => [ { id => 5 } ]);
my $services = BB::Services->new($t, quick => '2s');

$t->run();
my $nginx = $t->nginx();
my $n = 0;

# A message whose number is being asked for: its id, and the call.
sub asking() {
    my ($id) = wait_for_number($t, ++$n);

    due($t, $id);
    return ($id, $services->calls(1));
}

sub arrives($id, $call, $name) {
    $services->say($call, data(envelope(qq("$n"))), end => 1);
    ok(await(10, sub { message($t, $id) =~ /"phoneNumber":"$n"/ }), "$name: the number arrives");
}

# The worker that asked is gone: the message waits until it is due again.
sub again($id, $name) {
    is(message($t, $id) . row($t, $id)->{attempts}, 'waits1', "$name: the message waits");
    due($t, $id);
    arrives($id, ($services->calls(1))[0], "$name, asked again");
}


# killed

my ($id, $call) = asking();

for my $pid ($nginx->workers()) {
    $nginx->kill_worker($pid);
}

ok($services->is_left($call), 'killed: the call is broken off');
again($id, 'killed');


# reload: with an answer, and without one

($id, $call) = asking();
my @old = $nginx->reload();
ok($nginx->are_alive($old[0]) || $nginx->are_alive($old[1]), 'reload: who asks stays');
arrives($id, $call, 'reload');
ok($nginx->gone(@old), 'the old workers end');

($id, $call) = asking();
@old = $nginx->reload();
ok($services->is_left($call), 'reload: no answer until the deadline');
ok($nginx->gone(@old), 'the old workers end');
again($id, 'reload without an answer');


# quit: the same

for my $answer (1, 0) {
    ($id, $call) = asking();
    $nginx->begin_quit();
    $answer ? arrives($id, $call, 'quit') : ok($services->is_left($call), 'quit: the deadline');
    ok($nginx->quit(), 'it ends');
    $nginx->start();
    again($id, 'quit without an answer') if not $answer;
}


# stop

# several at a time
my @ids = wait_for_number($t, map { ++$n } 1 .. 3);

due($t, @ids);
my @calls = $services->calls(3);
my $since = time();
$nginx->{process}->stop('TERM', 10);
cmp_ok(time() - $since, '<', 1.5, 'stop: it ends before the deadline');
is(scalar(grep { $services->is_left($_) } @calls), 3, 'the calls are broken off');
$nginx->start();
is_deeply([ map { message($t, $_) . row($t, $_)->{attempts} } @ids ], [ ('waits1') x 3 ],
    'the messages wait');
due($t, @ids);
$services->say($_, data(envelope('null')), end => 1) for $services->calls(3);
ok(await(10, sub { not grep { message($t, $_) eq 'waits' } @ids }), 'the numbers arrive');


# worker_shutdown_timeout

$nginx->reconfigure(main => 'worker_shutdown_timeout 100ms;',
    server => $t->{server} =~ s/bb_store_call_timeout 2s/bb_store_call_timeout 9s/r);
($id, $call) = asking();
@old = $nginx->reload();
$since = time();
ok($nginx->gone(@old), 'shutdown timeout: the old workers end');
cmp_ok(time() - $since, '<', 5, 'before the deadline');
ok($services->is_left($call), 'the call is broken off');
again($id, 'shutdown timeout');


# without a master

ok($nginx->quit(), 'it ends');
my $file = $t->dir() . '/single.conf';

open(my $out, '>', $file) or die "$file: $!\n";
print $out $nginx->conf() =~ s/^master_process on;/master_process off;/mr;
close($out) or die "$file: $!\n";

my $single = BB::Process->start(
    argv => [ $ENV{BB_NGINX} // '/usr/sbin/nginx', '-p', $t->dir() . '/nginx/',
        '-c', $file, '-e', $nginx->error_log() ],
    output => $t->dir() . '/nginx/output', death => 'TERM');

($id, $call) = asking();
arrives($id, $call, 'without a master');
($id, $call) = asking();
ok($single->stop('QUIT', 10), 'it ends');
is(message($t, $id), 'waits', 'the message waits');

$t->done();
