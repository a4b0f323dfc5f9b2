# nginx without a master serves, and what it leaves undone the next one does.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7, limit => 1000 } ],
    http => 'bb_store_sweep 500ms;')->run();
my $nginx = $t->nginx();
my $file = $t->dir() . '/single.conf';

$nginx->configure();
open(my $out, '>', $file) or die "$file: $!\n";
print $out $nginx->scaled_conf() =~ s/^master_process on;/master_process off;/mr;
close($out) or die "$file: $!\n";

sub start() {
    my $process = BB::Process->start(
        argv => [ $ENV{BB_NGINX} // '/usr/sbin/nginx', '-p', $t->dir() . '/nginx/',
            '-c', $file, '-e', $nginx->error_log() ],
        output => $t->dir() . '/nginx/output', death => 'TERM');

    $process->ready(10, sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $nginx->port('ops'));
    });
    return $process;
}

my $process = start();

is($t->claim(7, user => 1000), ISSUED, 'drawn');
is_deeply($t->draws(7, [ 1 .. 60, 1 .. 60 ]), { ISSUED => 60, ALREADY_ISSUED => 60 },
    'a burst');

my $user = 60;

# Without a master nginx quits at once, whoever waits; what had been granted is not
# lost.
for my $signal (qw(QUIT TERM KILL)) {
    my $hold = $t->db()->hold_coupons(7);
    my @users = map { ++$user } 1 .. 20;
    my @clients = $t->begin_draws(7, \@users);

    $process->signal($signal);
    ok(await(10, sub { defined $process->ended() }), "$signal: it ends");
    is($process->ended(), $signal eq 'KILL' ? 9 : 0, 'as it should');
    is(scalar(grep { $_->answer()->status() } @clients), 0, 'no answers');
    $hold->rollback();

    $process = start();
    ok($t->settled(30), 'the next one stores the claims');
    is_deeply([ $t->holders(7) ], [ 1 .. $user, 1000 ], 'rows');
    is_deeply([ $t->members(7) ], [ 1 .. $user, 1000 ], 'members');
}

is_deeply($t->draws(7, [ 1 .. $user ]), { ALREADY_ISSUED => $user }, 'who has one');
ok($process->stop('QUIT', 10), 'it ends');

$t->done();
