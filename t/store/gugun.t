# The gugun of a sido: GET /address/gugun.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

sub gugun($query) { return $t->get("/stores/address/gugun$query") }

is_same_for_all(gugun('?sido=36'), '[{"value":"36110","label":"조치원읍"}]', 'one');
is_same_for_all(gugun('?sido=29'), '[{"value":"29110","label":"동구"},'
    . '{"value":"29140","label":"서구"},{"value":"29155","label":"남구"},'
    . '{"value":"29170","label":"북구"},{"value":"29200","label":"광산구"}]',
    'several, by code');

my $list = gugun('?sido=44')->json()->{data};
is(scalar @$list, 16, 'two of one name');
is_deeply([ map { $_->{value} } @$list[0, 1] ], [ 44131, 44133 ], 'both');
is(scalar gugun('?sido=41')->json()->{data}->@*, 31, 'the largest sido');

is_same_for_all(gugun($_), '[{"value":"36110","label":"조치원읍"}]', "gugun$_")
    for '?%73ido=%33%36', '?sido=36&sido=29';

is_same_for_all(gugun("?sido=$_"), '[]', "none of '$_'")
    for '', '99', 'null', '1', '011', '%EC%84%9C%EC%9A%B8', "11'";
is_invalid(gugun($_), 'parameter sido is required', "sido is missing: '$_'")
    for '', '?', '?Sido=11', '?x=11';

$t->done();
