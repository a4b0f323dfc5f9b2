# Which combinations of row, acknowledge, workers, connections and coupons are
# measured.

package Bench::Matrix;

use v5.36;

use Bench::Row;

# The usual ones show each dimension, not each combination.  seconds: a part of
# the whole for combinations that no target is about
my @MAIN = (16, 64, 256, 1024);
my @PAIR = (64, 256);

my @USUAL = (
    # row, ack, workers, connections, coupons, part of the seconds
    [ 'claim', 'commit', 1, \@MAIN, 1 ],
    [ 'claim', 'commit', 1, \@PAIR, 100, 0.4 ],
    [ 'soldout', 'commit', 1, \@MAIN, 1 ],
    [ 'soldout', 'commit', 1, \@PAIR, 100, 0.4 ],
    [ 'duplicate', 'commit', 1, [ 64 ], 1, 0.4 ],
    [ 'drop', 'commit', 1, [ 256 ], 1 ],
    [ 'my', 'commit', 1, [ 64 ], 1, 0.4 ],
    [ 'list', 'commit', 1, [ 64 ], 1, 0.4 ],
    [ 'subtract', 'commit', 1, [ 64 ], 1, 0.4 ],
    [ 'claim', 'claim', 1, \@MAIN, 1 ],
    [ 'claim', 'claim', 1, \@PAIR, 100, 0.4 ],
    [ 'claim', 'commit', 2, \@PAIR, 1, 0.4 ],
    [ 'soldout', 'commit', 2, \@PAIR, 1, 0.4 ],
    [ 'claim', 'claim', 2, \@PAIR, 1, 0.4 ],
);

my @FULL = map {
    my $workers = $_;

    map({ my $coupons = $_;
        map { [ @$_, $workers, \@MAIN, $coupons ] } [ 'claim', 'commit' ],
            [ 'soldout', 'commit' ], [ 'duplicate', 'commit' ] } 1, 100),
        map({ [ $_, 'commit', $workers, \@MAIN, 1 ] } qw(my list subtract)),
        [ 'drop', 'commit', $workers, \@PAIR, 1 ],
        map { [ 'claim', 'claim', $workers, \@MAIN, $_ ] } 1, 100;
} 1, 2;


# full; rows, workers, connections, coupons: lists that replace the usual ones.
# Returns { row, ack, workers, connections, coupons, part }, those of the same
# acknowledge and workers together.
sub cells(%o) {
    my (@cells, %seen);

    for my $line ($o{full} ? @FULL : @USUAL) {
        my ($row, $ack, $workers, $connections, $coupons, $part) = @$line;

        # nothing that the other acknowledge has not shown
        next if $o{quick} and $ack eq 'claim' and $coupons > 1;
        next if $o{rows} and not grep { $_ eq $row or $_ eq "$row-$ack" } $o{rows}->@*;

        for my $w ($o{workers} ? $o{workers}->@* : $workers) {
            for my $n ($o{coupons} && $coupons > 1 ? $o{coupons}->@* : $coupons) {
                for my $c ($o{connections} ? $o{connections}->@* : @$connections) {
                    next if $seen{"$row $ack $w $c $n"}++;

                    push @cells, { row => $row, ack => $ack, workers => $w + 0,
                        connections => $c + 0, coupons => $n + 0, part => $part // 1 };
                }
            }
        }
    }

    my %group;
    my $place = sub($cell) { "$cell->{ack} $cell->{workers}" };

    $group{ $place->($_) } //= keys %group for @cells;

    return sort { $group{ $place->($a) } <=> $group{ $place->($b) } } @cells;
}


1;
