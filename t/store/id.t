# The store of a manager: GET /client/stores/id.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

add_stores($t, { id => 12, manager => 7 }, { id => 13, manager => -7, deleted => 1 },
    { id => 9223372036854775806, manager => 9223372036854775807 });

sub id(@user) {
    return $t->get('/client/stores/id', @user ? (user => $user[0]) : ());
}

is_data(id(7), 12, 'a bare number');
is_data(id(-7), 13, 'of a flagged store');
is_data(id('9223372036854775807'), '9223372036854775806', 'large ones');
is_data(id($_), 'null', "manager $_ has none") for 8, 0, 12;

is_invalid(id(), 'userId header is required', 'no userId');
is_invalid(id($_), 'userId header is not a 64-bit integer', "userId $_")
    for 'x', '1.0', '9223372036854775808', '7 7';
is_invalid(id([ 7, 7 ]), 'more than one userId header', 'two of them');

$t->done();
