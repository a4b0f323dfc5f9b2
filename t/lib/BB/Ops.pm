# The operations listener, and what it tells.

package BB::Ops;

use v5.36;
use Exporter qw(import);
use List::Util qw(sum0);

use BB::Process qw(await);

our @EXPORT = qw(status ready counter connected);


# /ops/status.
sub status($t) {
    my $answer = $t->new_client('ops')->request('GET', '/ops/status');

    return $answer->json() if $answer->status() == 200;
    die '/ops/status: ' . $answer->whole() . "\n";
}


# /readyz: its status and what it says.
sub ready($t) {
    my $answer = $t->new_client('ops')->request('GET', '/readyz');

    return ($answer->status(), $answer->json());
}


# A counter of a backend's clients (redis, postgres, or one of the latter, such as
# postgres_issue), all workers together.
sub counter($status, $backend, $name) {
    return sum0(map { $_->{$name} } _clients($status, $backend));
}


# True once each worker has all its connections to PostgreSQL.
sub connected($t) {
    my ($shared) = ($t->{postgres_args} // '') =~ /\bconnections=(\d+)/;
    my %all = (postgres => $shared // 2, postgres_write => 4, postgres_issue => 1);

    return await(10, sub {
        my @workers = status($t)->{workers}->@*;

        return not grep { my $name = $_;
            grep { $_->{$name}{up} < $all{$name} } @workers } keys %all;
    });
}


sub _clients($status, $backend) {
    return map {
        my $worker = $_;
        map { $worker->{$_} } grep { /\A\Q$backend\E(?:_|\z)/ } keys %$worker;
    } $status->{workers}->@*;
}


1;
