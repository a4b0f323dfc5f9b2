# The operations listener, and what it tells.

package BB::Ops;

use v5.36;
use Exporter qw(import);
use List::Util qw(sum0);

our @EXPORT = qw(status ready counter);


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


# A counter of a backend client (redis, postgres, postgres_issue), all workers
# together.
sub counter($status, $client, $name) {
    return sum0(map { $_->{$client}{$name} } $status->{workers}->@*);
}


1;
