# Where stores' money goes: POST /client/stores/settlements.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store', internal => 'bb_store_max_body 1m;')->run();

add_stores($t, { id => 12, name => '봄꽃집', account => '110-1' },
    { id => 13, sido => '44', gugun => '44133', bank => '농협은행', price => undef },
    { id => 14, address => undef }, { id => 15, deleted => 1 });

sub settlements($body, %o) {
    return $t->post('/client/stores/settlements', body => $body, %o);
}

my %row = (
    12 => '{"storeId":12,"storeName":"봄꽃집","bankName":"국민은행",'
        . '"accountNumber":"110-1","gugun":"강남구","sido":"서울"}',
    13 => '{"storeId":13,"storeName":"꽃집 13","bankName":"농협은행",'
        . '"accountNumber":"110-13","gugun":"천안시","sido":"충청남도"}',
    14 => '{"storeId":14,"storeName":"꽃집 14","bankName":"국민은행",'
        . '"accountNumber":"110-14","gugun":null,"sido":null}',
    15 => '{"storeId":15,"storeName":"꽃집 15","bankName":"국민은행",'
        . '"accountNumber":"110-15","gugun":"강남구","sido":"서울"}',
);

sub rows(@ids) { return '[' . join(',', @row{@ids}) . ']' }

is_data(settlements('[12,13]'), rows(12, 13), 'their own regions');
is_data(settlements('[12,13]', user => 'x'), rows(12, 13), 'userId is not read');
is_data(settlements('[13,12]'), rows(13, 12), 'in the order of the request');
is_data(settlements('[13,99,12,13,13,0,12]'), rows(13, 12, 13, 13, 12),
    'repeats repeat, unknown ids are left out');
is_data(settlements('[15,14]'), rows(15, 14), 'flagged, without an address');
is_data(settlements($_), '[]', "none: $_") for '[]', '[99]';

# a month's settlement of 100,000 stores
is_data(settlements('[' . join(',', reverse 1 .. 100_000) . ']'), rows(reverse 12 .. 15),
    'all stores at once');

for my $case ([ '[null]', 'storeIds cannot be null' ],
    [ '["x"]', 'storeIds is not an integer' ], [ '12', 'the body is not a JSON array' ],
    [ '{}', 'the body is not a JSON array' ], [ 'null', 'the body is null' ],
    [ '', 'the body is missing' ])
{
    my ($body, $reason) = @$case;

    is_invalid(settlements($body), $reason, "body $body");
}

$t->done();
