# bb_store_audit takes a time or off; bb_store_fault exists in the test build only.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $t = BB::Test->new(nginx => 0)->run();

sub check($line) { return $t->nginx()->check(http => "$line;") }

is(check("bb_store_audit $_"), '', $_) for qw(off 1ms 90s 1d);
like(check("bb_store_audit $_"), qr/invalid value "\Q$_\E" in "bb_store_audit"/, $_)
    for qw(0 2d x on);
like(check("bb_store_audit $_; bb_store_audit 1m"),
    qr/"bb_store_audit" directive is duplicate/, "$_ and another") for qw(off 5s);
like(check('bb_store_fault claimed'), qr/unknown directive "bb_store_fault"/,
    'no faults');

$t->done();
