# The nginx binary is replaced while it runs: the old workers answer what they have
# accepted, the new ones the rest, and nothing is lost.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(await children is_alive);
use BB::Test;

my $t = BB::Test->new(nginx => 0, workers => 2, http => 'bb_store_sweep 500ms;',
    coupons => [ map { { id => $_, limit => 10000 } } 7, 8 ])->run();
my $dir = $t->dir() . '/nginx';
my ($old, $new);

# nothing else ends a daemon
END { kill('TERM', grep { $_ and is_alive($_) } $old, $new) }

# a master that is nobody's daemon takes no new binary
$t->nginx()->configure();
open(my $out, '>', "$dir/daemon.conf") or die "daemon.conf: $!\n";
print $out $t->nginx()->scaled_conf() =~ s/^daemon off;/daemon on;/mr;
close($out) or die "daemon.conf: $!\n";

sub master() {
    open(my $in, '<', "$dir/nginx.pid") or return 0;
    my $pid = <$in> // return 0;

    chomp($pid);
    return $pid;
}

is(system($ENV{BB_NGINX} // '/usr/sbin/nginx', '-p', "$dir/", '-c', "$dir/daemon.conf",
    '-e', $t->nginx()->error_log()), 0, 'started');
ok(await(10, sub { $old = master() and children($old) == 2 }), 'with its workers');
is($t->claim($_, user => 10000), ISSUED, "coupon $_ is loaded") for 7, 8;

kill('USR2', $old);
ok(await(10, sub { master() and master() != $old and children(master()) == 2 }),
    'a new nginx');
$new = master();


# both serve; then the old one goes, in a burst

my @users = 1 .. 2000;
my @verdicts = map { verdict($_) } $t->burst(
    requests => [ map { [ $t->draw(8, $_) ] } @users ],
    on_answer => sub($answers, @) {
        kill('QUIT', $old) if $answers == 1000;
    });

# nginx closes idle connections of old workers, also as a request arrives
my $none = grep { $_ eq 'connection closed' } @verdicts;

cmp_ok($none, '<', 64, 'hardly any connection was closed');
is(scalar(grep { $_ eq ISSUED } @verdicts), @users - $none, 'the others are issued');
ok(await(20, sub { not is_alive($old) }), 'the old one ends');
is_deeply($t->draws(7, [ 11 .. 30 ]), { ISSUED => 20 }, 'the new one goes on');
ok($t->settled(20), 'no claim is left over');

my %holds = map { $_ => 1 } $t->holders(8);

is(scalar(grep { $verdicts[$_ - 1] eq ISSUED and not $holds{$_} } @users), 0,
    'nothing is lost');

my @workers = children($new);

kill('QUIT', $new);
ok(await(20, sub { not grep { is_alive($_) } $new, @workers }), 'it ends');

$t->done();
