# The audit of all coupons that can still be drawn.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Audit;
use BB::Ops;
use BB::Test;

my $COUPONS = 230;

my $t = BB::Test->new(http => 'bb_store_audit off;', coupons => [
    { id => 501, end => -1, start => -3, issued => [ 1 ] }, { id => 502, deleted => 1 },
    { id => 503, start => 2 } ])->run();

$t->db()->do("INSERT INTO coupon (id, store_id, coupon_code, coupon_name,
        discount_price, min_price, limit_count, start_date, end_date)
    SELECT n, 1, 'x', 'x', 1, 1, 9, '2020-01-01', '2200-01-01'
    FROM generate_series(1, $COUPONS) n");

sub all($method, $uri) { return $t->client('ops')->request($method, $uri)->json() }

my %right = (consistent => JSON::PP::true, coupons => $COUPONS + 1,
    inconsistent => 0, drift => 0, repaired => 0, found => []);
my %status = (coupons => 0, failed => 0, inconsistent => 0, drift => 0, repaired => 0,
    round => 0);

is_deeply(status($t)->{audit}, \%status, 'no round yet');
is_deeply(all('GET', '/ops/audit'), \%right, 'nothing is wrong');

cmp_ok(status($t)->{audit}{round}, '>', 0, 'the time of the round');

# in an ended coupon and a deleted one, too
$t->db()->do('UPDATE coupon SET issued_count = 3 WHERE id IN (501, 502)');
$t->db()->do('UPDATE coupon SET issued_count = 1 WHERE id <= 120');
is($t->claim(200, user => 1), ISSUED, 'a draw');
ok($t->settled(), 'no claim is left over');
$t->redis()->cmd('SADD', $t->key(200, ':issued'), 2, 3);

my $found = all('GET', '/ops/audit');
my @list = $found->{found}->@*;

is_deeply({ %$found, found => undef }, { %right, consistent => JSON::PP::false,
    inconsistent => 121, drift => 122, found => undef }, 'differences are counted');
is_deeply(\@list, [ map { { coupon => $_, differences => 1, left => 1 } } 1 .. 100 ],
    'the first ones are named');

my $audit = status($t)->{audit};

is_deeply($audit, { %status, round => $audit->{round}, coupons => $COUPONS + 1,
    inconsistent => 121, drift => 122 }, 'the status has it');

$found = all('POST', '/ops/audit?repair=1');
is_deeply([ $found->@{qw(inconsistent drift repaired)} ], [ 121, 122, 122 ],
    'all are repaired');
is_deeply([ grep { $_->{left} } $found->{found}->@* ], [], 'none is left');
is(status($t)->{audit}{repaired}, 122, 'the status counts them');
is_deeply(all('GET', '/ops/audit'), \%right, 'nothing is wrong any more');
is(status($t)->{audit}{drift}, 0, 'the status says so');

$t->done();
