# The name of a store: GET /client/stores/{storeId}/name.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

add_stores($t, { id => 12, name => '봄꽃집' },
    { id => 13, name => qq("a\\/\x01\n), address => undef, price => undef },
    { id => 14, name => '', deleted => 1 });

sub name($id) { return $t->get("/client/stores/$id/name") }

is_same_for_all(name(12), '"봄꽃집"', 'a bare string');
is_same_for_all(name(13), '"\"a\\\\/\u0001\n"', 'escaped where JSON wants it');
is_same_for_all(name(14), '""', 'an empty one, of a flagged store');
is_fail(name($_), '해당 가게가 존재하지 않습니다.', "no store $_") for 99, 0, -1;
is_invalid(name('null'), 'storeId is not a 64-bit integer', 'not a number');

$t->done();
