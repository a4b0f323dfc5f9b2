# A configuration that cannot be used changes nothing: the workers go on with the old
# one, whatever the new one had already set.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(workers => 2, coupons => [ { id => 7 } ])->run();
my $nginx = $t->nginx();
my $user = 0;

# nginx logs these itself
$nginx->excuse(qr/\[emerg\]/);

is($t->claim(7, user => ++$user), ISSUED, 'drawn');

my @workers = sort $nginx->workers();
my $failures = 0;

for my $bad (
    { domains => 'flower' },
    { redis_args => 'timeout=x' },
    # found when all else has been read
    { http => 'bb_store_scripts /nothing;', redis_args => 'timeout=1ms' },
    { server => 'location /other { no_such_directive; }',
        location => 'bb_store_coupon_ack claim; bb_store_coupon_timeout 1ms;' })
{
    my %good = map { $_ => $nginx->{$_} } keys %$bad;
    my ($name) = map { "$bad->{$_}" } sort keys %$bad;

    $nginx->configure(%$bad);
    $nginx->{process}->signal('HUP');
    ok($nginx->logged(qr/\[emerg\]/, ++$failures), "refused: $name");
    $nginx->configure(%good);

    is_deeply([ sort $nginx->workers() ], \@workers, 'the workers stay');
    is_deeply($t->draws(7, [ map { ++$user } 1 .. 10 ]), { ISSUED => 10 },
        'and serve');
    is((ready($t))[0], 200, 'ready');
}

$nginx->reconfigure();
is($t->claim(7, user => ++$user), ISSUED, 'a good one');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(7) ], [ 1 .. $user ], 'rows');

$t->done();
