# Random histories of draws and edits, once with the shared zone answering for
# sold-out coupons and once with Redis alone: the answers are the same.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Test;

my $HISTORIES = 6;
my $STEPS = 250;

# coupons from 101 on are the twins that are never answered from the zone
my $t = BB::Test->new(workers => 2,
    coupons => [ map { my $n = $_;
        map { { id => $_, limit => 4, start => 0 } } $n, 100 + $n } 1 .. $HISTORIES ],
    server => 'location ~ ^/stores/coupons/1\d\d$ {
        bb_store coupon;
        bb_store_mount /stores;
        bb_store_coupon_cache off;
    }')->run();

my $seed = 20_261_122;

# The same numbers on every machine: x' = (a x + c) mod 2^31.
sub any($n) {
    $seed = ($seed * 1_103_515_245 + 12_345) % 2**31;
    return int($seed / 65_536) % $n;
}

sub edit($id, $limit) {
    my $answer = $t->request('PUT', "/stores/1/coupons/$id", user => 101, body => {
        couponName => 'a', discountPrice => 1, minPrice => 1, limitCount => $limit,
        startDate => $t->today(), endDate => $t->today(7) });

    return 'edit ' . $answer->status() . ' ' . $answer->body();
}

for my $n (1 .. $HISTORIES) {
    my (@with, @without);

    for my $step (1 .. $STEPS) {
        my $what = any(100);

        if ($what < 94) {
            my $user = 1 + any(12);

            push @with, "$user " . $t->claim($n, user => $user);
            push @without, "$user " . $t->claim(100 + $n, user => $user);

        } elsif ($what < 99) {
            my $limit = any(13);

            push @with, edit($n, $limit);
            push @without, edit(100 + $n, $limit);

        } elsif ($step > $STEPS * 3 / 4) {
            push @with, $t->delete("/stores/1/coupons/$n", user => 101)->status();
            push @without,
                $t->delete('/stores/1/coupons/' . (100 + $n), user => 101)->status();
        }
    }

    is_deeply(\@with, \@without, "history $n: the same answers");
    is_deeply([ $t->holders($n) ], [ $t->holders(100 + $n) ], "history $n: and rows");
}

cmp_ok(status($t)->{coupon}{known_sold_out}, '>', $HISTORIES * 10,
    'the zone has answered');
ok($t->settled(), 'no claim is left over');

$t->done();
