# Names of stores by id: GET /client/stores/store-name.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

add_stores($t, { id => 1, name => '봄꽃집' }, { id => 2, name => '여름 "꽃집"' },
    { id => 10, deleted => 1 }, { id => -3 });

sub names($query) { return $t->get("/client/stores/store-name$query") }

my $BOTH = '{"1":"봄꽃집","2":"여름 \"꽃집\""}';

is_same_for_all(names('?storeIds=1&storeIds=2'), $BOTH, 'repeated');
is_same_for_all(names('?storeIds=2,1'), $BOTH, 'with commas');
is_same_for_all(names('?storeIds=2&storeIds=1,2&x=3&storeIds=1'), $BOTH,
    'both ways, twice');
is_same_for_all(names('?storeIds=2%2C1'), $BOTH, 'an encoded comma');
is_same_for_all(names('?storeIds=99&storeIds=1'), '{"1":"봄꽃집"}',
    'unknown ids are absent');
is_same_for_all(names('?storeIds=10&storeIds=-3'),
    '{"-3":"꽃집 -3","10":"꽃집 10"}', 'a flagged store, a negative id');
is_same_for_all(names("?storeIds=$_"), '{}', "none: '$_'")
    for '', 99, 0, 9223372036854775807;

my $many = join(',', 1 .. 600);
is(scalar keys names("?storeIds=$many")->json()->{data}->%*, 3, '600 ids');

is_invalid(names($_), 'parameter storeIds is required', "missing: '$_'")
    for '', '?', '?storeids=1';
is_invalid(names("?storeIds=$_"), 'storeIds is not a list of integers', "storeIds=$_")
    for 'x', '1,x', '1.5', '9223372036854775808', '1;2';
is_invalid(names('?storeIds=1&storeIds=undefined'),
    'storeIds is not a list of integers', 'the second is no number');

$t->done();
