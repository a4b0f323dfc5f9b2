# Delivery policies by store: POST /client/stores/policy.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

my $NO_POLICY = '해당 가게의 배송정책이 존재하지 않습니다.';

add_stores($t, { id => 12, name => '"봄"', price => 3000, free => 50000 },
    { id => 3, price => 0, free => 0, address => undef },
    { id => 4, price => undef }, { id => 5, deleted => 1 });

sub policies($body, %o) {
    return $t->post('/client/stores/policy', body => $body, %o);
}

my $twelve = '"12":{"storeName":"\"봄\"","deliveryCost":3000,'
    . '"freeDeliveryMinCost":50000}';
my $three = '"3":{"storeName":"꽃집 3","deliveryCost":0,"freeDeliveryMinCost":0}';

is_data(policies('[12]'), "{$twelve}", 'one');
is_data(policies('[12]', user => 'x'), "{$twelve}", 'userId is not read');
is_data(policies('[12,3]'), "{$three,$twelve}", 'two');
is_data(policies('[12,12,3,12]'), "{$three,$twelve}", 'repeated ids');
is_data(policies('[5]'), '{"5":{"storeName":"꽃집 5","deliveryCost":3000,'
    . '"freeDeliveryMinCost":50000}}', 'a flagged store');
is_data(policies('[]'), '{}', 'none');

is_fail(policies($_), $NO_POLICY, "body $_")
    for '[4]', '[12,4,3]', '[99]', '[12,99]', '[0]', '[99,99]';

for my $case ([ '[null]', 'storeIds cannot be null' ],
    [ '[12,null]', 'storeIds cannot be null' ],
    [ '["x"]', 'storeIds is not an integer' ], [ '12', 'the body is not a JSON array' ],
    [ '{}', 'the body is not a JSON array' ], [ 'null', 'the body is null' ],
    [ '', 'the body is missing' ])
{
    my ($body, $reason) = @$case;

    is_invalid(policies($body), $reason, "body $body");
}

$t->done();
