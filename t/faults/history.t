# The fault runner's look at a history finds what it must find.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp;
use Test::More;

use BB::Faults::History;

my $STAGE = { store => 1, coupons => [
    { id => 1, limit => 3 }, { id => 2, limit => 9 } ] };

# A history of requests: [ coupon, user, verdict, seconds, again ].
sub look($requests, $rows, %o) {
    my $file = File::Temp->new();
    my $at = 0;

    printf $file "%d\t%d\t%d\t%d\t%.4f\t%.4f\t%s\n", 1, $_->[4] // 0, $_->[0], $_->[1],
        $at++, $_->[3] // 0.1, $_->[2] for @$requests;
    print $file "2\t0\t1\t1\t0.0\t0.1\tof another stage\n";
    close($file);

    my ($sum, @wrong) = BB::Faults::History->read("$file")->stage(stage => $STAGE,
        rows => $rows, members => $rows, paused => $at, deadline => 0.7, commit => 1,
        %o);

    return ($sum, join("\n", @wrong));
}

my $rows = { 1 => { 5 => 1, 6 => 1 }, 2 => { 5 => 1 } };
my @good = ([ 1, 5, 'ISSUED' ], [ 1, 6, 'ISSUED' ], [ 2, 5, 'ISSUED' ],
    [ 2, 5, 'ALREADY_ISSUED' ], [ 0, 5, 'ISSUED' ], [ 1, 5, 'UNAVAILABLE' ],
    [ 1, 7, 'left' ]);

# a request more than the good ones, or other rows, and what is to be said of it
sub found($name, $pattern, $request, %o) {
    my ($sum, $wrong) = look([ @good, $request // () ], $o{rows} // $rows, %o);

    like($wrong, $pattern, $name);
    return $sum;
}

my ($sum, $wrong) = look(\@good, $rows);

is($wrong, '', 'nothing is wrong');
is_deeply($sum, { requests => 7, acknowledged => 3, rows => 3, lost => 0,
    duplicates => 0, over => 0, pause => 2.9 }, 'its numbers');

$sum = found('lost', qr/\Acoupon 1: lost by users 8\z/, [ 1, 8, 'ISSUED' ]);
is($sum->{lost}, 1, 'counted');
$sum = found('told so twice', qr/\Acoupon 1: issued twice to users 5\z/,
    [ 1, 5, 'ISSUED' ]);
is($sum->{duplicates}, 1, 'counted');
found('drew all, has not got all', qr/\Acoupon 1: lost by users 9\ncoupon 2: lost/,
    [ 0, 9, 'ISSUED' ]);

my %full = (rows => { 1 => { map { $_ => 1 } 5 .. 8 }, 2 => { 5 => 1 } });

$sum = found('more than there are', qr/\Acoupon 1: 4 rows, 4 members, limit 3\z/,
    undef, %full);
is($sum->{over}, 1, 'counted');
found('more than there are, in Redis alone', qr/3 rows, 4 members, limit 3/, undef,
    rows => { 1 => { 5 => 1, 6 => 1, 7 => 1 }, 2 => { 5 => 1 } },
    members => $full{rows});

found('a row alone, a member alone',
    qr/\Acoupon 1: rows without member: 6\ncoupon 2: members without row: 8\z/, undef,
    members => { 1 => { 5 => 1 }, 2 => { 5 => 1, 8 => 1 } });
found('too late', qr/\Auser 5, coupon 1: UNAVAILABLE after 2\.3 s\z/,
    [ 1, 5, 'UNAVAILABLE', 2.3 ]);
found('never', qr/timed out/, [ 1, 5, 'timed out', 15 ], cuts => 1);
found('no answer', qr/\Auser 5, coupon 1: connection closed\z/,
    [ 1, 5, 'connection closed' ]);
found('no answer, by the fault', qr/\A\z/, [ 1, 5, 'connection closed' ], cuts => 1);
found('no answer after it', qr/\Auser 5, coupon 1: connection closed\z/,
    [ 1, 5, 'connection closed', 0.1, 1 ], cuts => 1);
found('no service in the end', qr/no service in the end/,
    [ 1, 5, 'UNAVAILABLE', 0.1, 1 ]);
is((look([ @good, [ 1, 5, 'UNAVAILABLE', 0.1, 1 ], [ 1, 5, 'ALREADY_ISSUED', 0.1, 1 ] ],
    $rows))[1], '', 'service, the second time');
found('another answer', qr/\Auser 5, coupon 1: 500/, [ 1, 5, '500 Content' ]);
found('has it already, in vain', qr/\Acoupon 1: told that they have it: users 9\z/,
    [ 1, 9, 'ALREADY_ISSUED' ]);
found('the same, after a loss', qr/\A\z/, [ 1, 9, 'ALREADY_ISSUED' ], loses => 1);
found('sold out too early', qr/\Acoupon 1: sold out, with 2 rows of 3\z/,
    [ 1, 9, 'SOLD_OUT' ]);

# the weaker promise
found('lost with Redis', qr/\A\z/, [ 1, 8, 'ISSUED' ], commit => 0, loses => 1);
found('lost without a loss', qr/lost by users 8/, [ 1, 8, 'ISSUED' ], commit => 0);
found('never too many', qr/limit 3/, undef, %full, commit => 0, loses => 1);

done_testing();
