# A coupon that is not loaded however often it is loaded: the draw is given up after a
# few times, and keeps neither the backends busy nor the worker from its end.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7 } ],
    http => 'bb_store_sweep 1h; bb_store_scripts %%scripts%%;')->run();
my $dir = $t->dir() . '/scripts';

mkdir($dir) or die "$dir: $!\n";
open(my $out, '>', "$dir/coupon_issue.lua") or die "coupon_issue.lua: $!\n";
print $out "return redis.status_reply('NOT_LOADED')\n";
close($out) or die "coupon_issue.lua: $!\n";

$t->nginx()->{http} =~ s/%%scripts%%/$dir/;
$t->nginx()->start();

for my $user (1 .. 5) {
    my $before = status($t)->{coupon}{loads};

    is_unavailable($t->request($t->draw(7, $user)), 'a draw');
    cmp_ok(status($t)->{coupon}{loads} - $before, '<=', 10, 'few loads');
}

$t->done();
