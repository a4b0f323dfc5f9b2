# results.json as plots.

package Bench::Figures;

use v5.36;
use utf8;
use List::Util qw(first max min);

use Bench::Plot;
use Bench::Summary;

my %COLOUR = (bb_store => '#1261b5', return200 => '#8a8f98', openresty => '#e07b18',
    'openresty-nocount' => '#f2b872', node => '#3c9a4a', 'node-nocount' => '#9fd3a6');
my %PROCESS = (nginx => '#1261b5', node => '#3c9a4a', redis => '#c9362f',
    postgres => '#8d78c9');

my ($WON, $LOST) = ('#2e9e5b', '#b9c2cf');

# what stands side by side in the plots of curves, and all that has bars
my @PANELS = ([ claim => 'commit' ], [ claim => 'claim' ], [ soldout => 'commit' ]);
my @BARS = (@PANELS, map { [ $_ => 'commit' ] } qw(duplicate my list subtract));


# results: what results.json holds
sub new($class, $results) { return bless { $results->%* }, $class }


# [ file, title, svg ]
sub plots($self) {
    return grep { defined $_->[2] } (
        [ 'throughput.svg', 'Throughput by connections', $self->_throughput() ],
        [ 'cpu.svg', 'CPU per request by process', $self->_cpu() ],
        [ 'latency.svg', 'Latency distribution', $self->_latency() ],
        [ 'drop.svg', 'Time line of one drop', $self->_drop() ]);
}


sub _note($self) {
    return "$self->{command}   ·   $self->{date}   ·   $self->{machine}{cores} × "
        . "$self->{machine}{cpu}";
}


sub _present($self, @entries) {
    my %seen = map { $_->{system} => 1 } @entries;

    return map { $_->{system} } in_order(map { { system => $_ } } keys %seen);
}


sub _legend(@systems) {
    return map { [ name_of($_), $COLOUR{$_} // '#000000' ] } @systems;
}


# One worker, one coupon.
sub _plain($self, $row, $ack) {
    return grep { $_->{row} eq $row and $_->{ack} eq $ack and $_->{workers} == 1
        and $_->{coupons} == 1 and $_->{rounds}->@* } $self->{rows}->@*;
}


sub _throughput($self) {
    my @panels = grep { $self->_plain(@$_) } @PANELS or return;
    my $plot = Bench::Plot->new(width => 90 + 350 * @panels, height => 440,
        title => 'Throughput by connections: one worker, one coupon',
        note => $self->_note());
    my @all = map { $self->_plain(@$_) } @panels;
    my $x = 90;

    $plot->legend(90, 54, _legend($self->_present(@all)));

    for my $panel (@panels) {
        my @entries = $self->_plain(@$panel);
        my %connections = map { $_->{connections} => 1 } @entries;
        my @ticks = sort { $a <=> $b } keys %connections;
        my %at = map { $ticks[$_] => @ticks > 1 ? 0.06 + 0.88 * $_ / $#ticks : 0.5 }
            0 .. $#ticks;
        my ($fx, $fy) = $plot->panel(x => $x, y => 100, w => 265, h => 250,
            title => label(@$panel), xlabel => 'connections',
            ylabel => $x == 90 ? 'requests per second' : undef,
            ymax => max(map { middle($_, 'rps') // 0 } @entries),
            xticks => [ map { [ $at{$_}, $_ ] } @ticks ]);

        for my $system (reverse $self->_present(@entries)) {
            my @points = map {
                [ $fx->($at{ $_->{connections} }), $fy->(middle($_, 'rps') // 0) ] }
                sort { $a->{connections} <=> $b->{connections} }
                grep { $_->{system} eq $system } @entries;

            $plot->polyline(\@points, $COLOUR{$system} // '#000000', dots => 1);
        }

        $x += 350;
    }

    return $plot->svg();
}


sub _cpu($self) {
    my (@panels, %used);
    my $height = 84;

    for my $group (@BARS) {
        my ($row, $ack) = @$group;
        my @entries = $self->_plain($row, $ack) or next;
        my @at = sort { abs($a - 64) <=> abs($b - 64) } map { $_->{connections} } @entries;
        my @bars;

        for my $entry (in_order(grep { $_->{connections} == $at[0] } @entries)) {
            my @parts = map { [ middle($entry, "cpu $_") // 0, $PROCESS{$_}, $_ ] }
                processes();

            $used{ $_->[2] } = 1 for grep { $_->[0] > 0.05 } @parts;
            push @bars, [ name_of($entry->{system}), \@parts,
                show(middle($entry, 'cpu')) . ' µs, ' . show(middle($entry, 'rps'), 0)
                    . '/s' ];
        }

        push @panels, [ "@{[ label($row, $ack) ]}, $at[0] connections", \@bars ];
    }

    return if not @panels;

    # two columns, each panel below the one above it
    my @y = (100, 100);
    my @place;

    for my $panel (@panels) {
        my $column = $y[0] <= $y[1] ? 0 : 1;

        push @place, [ $column, $y[$column] ];
        $y[$column] += 22 * $panel->[1]->@* + 66;
    }

    my $plot = Bench::Plot->new(width => 1140, height => max(@y) + 16,
        title => 'CPU per request by process, microseconds: one worker, one coupon',
        note => $self->_note());

    $plot->legend(20, 54, map { [ process_name($_), $PROCESS{$_} ] }
        grep { $used{$_} } processes());

    for my $i (0 .. $#panels) {
        $plot->bars(x => 172 + 560 * $place[$i][0], y => $place[$i][1], w => 250,
            unit => 'µs per request', title => $panels[$i][0], bars => $panels[$i][1]);
    }

    return $plot->svg();
}


# Where a percentile stands: each nine as far from the last one.
sub _nines($percentile) { return -log(1 - $percentile / 100) / log(10) }


sub _latency($self) {
    my @panels = map { [ @$_ ] } grep { $self->_plain(@$_) } @PANELS or return;
    my $plot = Bench::Plot->new(width => 90 + 350 * @panels, height => 440,
        title => 'Latency distribution: one worker, one coupon',
        note => $self->_note());
    my @ticks = (0, 50, 90, 99, 99.9, 99.99);
    my $x = 90;
    my (%curve, @all);

    $plot->legend(90, 54, _legend($self->_present(
        map { $self->_plain(@$_[0, 1]) } @panels)));

    # one scale for all panels
    for my $panel (@panels) {
        my @entries = $self->_plain(@$panel);

        # that of a burst, or the nearest
        ($panel->[2]) = sort { abs($a - 256) <=> abs($b - 256) }
            map { $_->{connections} } @entries;

        for my $entry (grep { $_->{connections} == $panel->[2] } @entries) {
            my %values;

            push $values{ $_->[0] }->@*, $_->[1]
                for map { $_->{latency}->@* } $entry->{rounds}->@*;

            my @curve = map { [ $_, median($values{$_}->@*) ] }
                sort { $a <=> $b } keys %values;

            $curve{"@$panel[0, 1]"}{ $entry->{system} } = \@curve;
            push @all, map { $_->[1] } @curve;
        }
    }

    for my $panel (@panels) {
        my $curve = $curve{"@$panel[0, 1]"};
        my $at = $panel->[2];
        my $far = _nines(99.99);
        my ($fx, $fy) = $plot->panel(x => $x, y => 100, w => 265, h => 250,
            title => label(@$panel[0, 1]) . ", $at connections", xlabel => 'percentile',
            ylabel => $x == 90 ? 'milliseconds' : undef,
            ylog => [ max(min(@all), 0.01), max(@all) ],
            xticks => [ map { [ _nines($_) / $far, $_ ] } @ticks ]);

        for my $system (reverse $self->_present(map { { system => $_ } } keys %$curve)) {
            $plot->polyline([ map { [ $fx->(_nines($_->[0]) / $far), $fy->($_->[1]) ] }
                $curve->{$system}->@* ], $COLOUR{$system} // '#000000');
        }

        $x += 350;
    }

    return $plot->svg();
}


sub _drop($self) {
    my @drops = in_order(grep { $_->{points} and $_->{points}->@* } $self->{drops}->@*);
    my ($first) = @drops or return;

    @drops = grep { $_->{workers} == $first->{workers}
        and $_->{connections} == $first->{connections} } @drops;

    my $end = max(map { $_->{points}[-1][0] / 1000 + 0.1 } @drops);
    my $plot = Bench::Plot->new(width => 1000, height => 130 + 175 * @drops,
        note => $self->_note(), title => sprintf('One drop: %s coupons, %s users, %d connections, one answer each',
            show($first->{limit}, 0), show($first->{users}, 0), $first->{connections}));
    my $y = 104;

    $plot->legend(90, 54, [ 'issued', $WON ], [ 'lost', $LOST ]);

    for my $drop (@drops) {
        my @points = $drop->{points}->@*;
        my $top = max(map { $_->[1] + $_->[2] } @points);
        my $issued = first { $points[$_][1] > 0 } reverse 0 .. $#points;
        my ($fx, $fy) = $plot->panel(x => 90, y => $y, w => 880, h => 95, xmax => $end,
            ymax => $top, ylabel => 'answers / 0.1 s', title => sprintf(
                '%s: last coupon within %.1f s, last answer after %.1f s',
                name_of($drop->{system}),
                (defined $issued ? $points[$issued][0] / 1000 : 0) + 0.1,
                middle($drop, 'seconds')),
            xlabel => $drop == $drops[-1] ? 'seconds since the first draw' : undef);

        for my $point (@points) {
            my ($ms, $won, $lost) = @$point;
            my ($left, $right) = map { $fx->($_) } $ms / 1000, $ms / 1000 + 0.1;
            my $wide = max($right - $left - ($right - $left > 4 ? 1 : 0), 0.5);

            my ($top, $middle, $foot) = map { $fy->($_) } $won + $lost, $won, 0;

            $plot->rect($left, $top, $wide, $middle - $top, $LOST);
            $plot->rect($left, $middle, $wide, $foot - $middle, $WON) if $won;
        }

        $y += 175;
    }

    return $plot->svg();
}


1;
