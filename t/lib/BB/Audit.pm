# The audit, on the operations listener.

package BB::Audit;

use v5.36;
use Exporter qw(import);
use Test::More;

our @EXPORT = qw(audit repair is_consistent);


# The audit of coupon $id, without its fields in both stores.
sub audit($t, $id) { return _report($t, 'GET', "/ops/coupons/$id/audit") }


# The same after a repair, with what it did.
sub repair($t, $id) {
    return _report($t, 'POST', "/ops/coupons/$id/audit?repair=1");
}


# That the audit finds nothing wrong; %expected: more that it tells.
sub is_consistent($t, $id, $name, %expected) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $report = audit($t, $id);
    my %told = map { $_ => $report->{$_} } keys %expected;

    is_deeply([ $report->{consistent} ? 1 : 0, \%told ], [ 1, \%expected ], $name)
        or diag(explain($report));
}


sub _report($t, $method, $uri) {
    my $answer = $t->new_client('ops')->request($method, $uri);

    die "$uri: " . $answer->whole() . "\n" if $answer->status() != 200;
    return $answer->json();
}


1;
