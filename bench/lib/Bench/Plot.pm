# SVG plots: panels with axes, lines or bars, a legend below the title.

package Bench::Plot;

use v5.36;
use utf8;
use List::Util qw(max sum0);
use POSIX ();

my ($GREY, $TEXT, $GRID) = ('#555555', '#222222', '#e2e2e2');
my $FONT = 'font-family="Helvetica, Arial, sans-serif"';
my $CHAR = 0.58;         # width of a letter, in sizes of the font


# width, height, title, note (a line at the foot)
sub new($class, %o) { return bless { %o, parts => [] }, $class }


sub _escape($text) {
    return $text =~ s/&/&amp;/gr =~ s/</&lt;/gr =~ s/>/&gt;/gr;
}


sub text($self, $x, $y, $text, %o) {
    my $size = $o{size} // 12;
    my $turn = $o{turn} ? qq( transform="rotate(-90 $x $y)") : '';
    my $bold = $o{bold} ? ' font-weight="bold"' : '';

    push $self->{parts}->@*, sprintf(
        '<text x="%.1f" y="%.1f" font-size="%g" fill="%s" text-anchor="%s"%s%s>%s</text>',
        $x, $y, $size, $o{colour} // $TEXT, $o{anchor} // 'start', $bold, $turn,
        _escape($text));
}


sub line($self, $x1, $y1, $x2, $y2, $colour, $width = 1) {
    push $self->{parts}->@*, sprintf('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" '
        . 'stroke="%s" stroke-width="%g"/>', $x1, $y1, $x2, $y2, $colour, $width);
}


sub rect($self, $x, $y, $w, $h, $colour) {
    push $self->{parts}->@*, sprintf('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" '
        . 'fill="%s"/>', $x, $y, max($w, 0), max($h, 0), $colour);
}


sub polyline($self, $points, $colour, %o) {
    push $self->{parts}->@*, sprintf('<polyline points="%s" fill="none" stroke="%s" '
        . 'stroke-width="%g" stroke-linejoin="round"/>',
        join(' ', map { sprintf('%.1f,%.1f', @$_) } @$points), $colour, $o{width} // 2);

    for my $point ($o{dots} ? @$points : ()) {
        push $self->{parts}->@*,
            sprintf('<circle cx="%.1f" cy="%.1f" r="3.2" fill="%s"/>', @$point, $colour);
    }
}


# items: [ label, colour ]
sub legend($self, $x, $y, @items) {
    for my $item (@items) {
        $self->rect($x, $y - 9, 18, 10, $item->[1]);
        $self->text($x + 24, $y, $item->[0]);
        $x += 24 + length($item->[0]) * 12 * $CHAR + 22;
    }
}


# A step of 1, 2 or 5 times a power of ten, so that about n of them fill $range.
sub _step($range, $n) {
    my $raw = $range / $n;
    my $power = 10 ** POSIX::floor(log($raw) / log(10));

    for my $factor (1, 2, 5, 10) {
        return $factor * $power if $factor * $power >= $raw * 0.999;
    }
}


sub _number($value) {
    return '0' if $value == 0;
    return $value >= 1e6 ? sprintf('%gM', $value / 1e6)
        : $value >= 1000 ? sprintf('%gk', $value / 1000) : sprintf('%g', $value);
}


# Axes of one panel.  x, y, w, h: the inner box;  title, xlabel, ylabel
# ymax or ylog ([ min, max ]);  xticks: [ [ position 0 … 1, label ], … ], or xmax
# Returns two functions: data to coordinates.
sub panel($self, %o) {
    my ($x, $y, $w, $h) = @o{qw(x y w h)};
    my ($fx, $fy);

    if ($o{ylog}) {
        my ($low, $high) = map { log($_) / log(10) } $o{ylog}->@*;

        ($low, $high) = (POSIX::floor($low + 1e-9), POSIX::ceil($high - 1e-9));
        $high = $low + 1 if $high <= $low;
        $fy = sub($v) {
            my $power = log(max($v, 10 ** $low)) / log(10);

            return $y + $h - $h * ($power - $low) / ($high - $low);
        };

        for my $power ($low .. $high) {
            for my $digit (1, 2, 5) {
                my $at = $digit * 10 ** $power;

                next if $power == $high and $digit > 1;
                $self->line($x, $fy->($at), $x + $w, $fy->($at), $GRID);
                $self->text($x - 7, $fy->($at) + 4, _number($at), anchor => 'end',
                    size => 11) if $digit == 1 or $high - $low <= 3;
            }
        }

    } else {
        my $step = _step($o{ymax} || 1, 5);
        my $top = $step * POSIX::ceil(($o{ymax} || 1) / $step - 1e-9);

        $fy = sub($v) { $y + $h - $h * $v / $top };

        for (my $at = 0; $at <= $top * 1.0001; $at += $step) {
            $self->line($x, $fy->($at), $x + $w, $fy->($at), $GRID);
            $self->text($x - 7, $fy->($at) + 4, _number($at), anchor => 'end', size => 11);
        }
    }

    if ($o{xticks}) {
        $fx = sub($v) { $x + $w * $v };

        for my $tick ($o{xticks}->@*) {
            my $at = $fx->($tick->[0]);

            $self->line($at, $y + $h, $at, $y + $h + 5, $GREY);
            $self->text($at, $y + $h + 18, $tick->[1], anchor => 'middle', size => 11);
        }

    } else {
        my $step = _step($o{xmax} || 1, 8);
        my $end = $step * POSIX::ceil(($o{xmax} || 1) / $step - 1e-9);

        $fx = sub($v) { $x + $w * $v / $end };

        for (my $at = 0; $at <= $end * 1.0001; $at += $step) {
            $self->line($fx->($at), $y + $h, $fx->($at), $y + $h + 5, $GREY);
            $self->text($fx->($at), $y + $h + 18, _number($at), anchor => 'middle',
                size => 11);
        }
    }

    $self->line($x, $y, $x, $y + $h, $GREY);
    $self->line($x, $y + $h, $x + $w, $y + $h, $GREY);
    $self->text($x, $y - 10, $o{title}, bold => 1, size => 13) if $o{title};
    $self->text($x + $w / 2, $y + $h + 38, $o{xlabel}, anchor => 'middle') if $o{xlabel};
    $self->text($x - 48, $y + $h / 2, $o{ylabel}, anchor => 'middle', turn => 1)
        if $o{ylabel};

    return ($fx, $fy);
}


# Horizontal bars, each a stack of parts, with its sum behind it.
# x, y, w: the inner box;  unit: of the axis
# bars: [ label, [ [ value, colour ], … ], words behind it ]
# Returns the y below.
sub bars($self, %o) {
    my ($x, $y, $w) = @o{qw(x y w)};
    my ($thick, $pitch) = (15, 22);
    my $widest = max(map { sum0(map { $_->[0] } $_->[1]->@*) } $o{bars}->@*) || 1;
    my $h = $pitch * $o{bars}->@* + 6;
    my $step = _step($widest, 5);
    my $end = $step * POSIX::ceil($widest / $step - 1e-9);

    $self->text($x, $y - 8, $o{title}, bold => 1, size => 13);

    for (my $at = 0; $at <= $end * 1.0001; $at += $step) {
        my $tick = $x + $w * $at / $end;

        $self->line($tick, $y, $tick, $y + $h, $GRID);
        $self->text($tick, $y + $h + 15, _number($at), anchor => 'middle', size => 11);
    }

    $self->text($x + $w + 22, $y + $h + 15, $o{unit}, size => 11);

    my $row = $y + 6;

    for my $bar ($o{bars}->@*) {
        my $from = $x;

        $self->text($x - 8, $row + 12, $bar->[0], anchor => 'end', size => 11);

        for my $part ($bar->[1]->@*) {
            my $wide = $w * $part->[0] / $end;

            $self->rect($from, $row, $wide, $thick, $part->[1]);
            $from += $wide;
        }

        $self->text($from + 6, $row + 12, $bar->[2], size => 11);
        $row += $pitch;
    }

    $self->line($x, $y, $x, $y + $h, $GREY);
    return $y + $h;
}


sub svg($self) {
    my ($w, $h) = $self->@{qw(width height)};
    my $note = defined $self->{note} ? sprintf('<text x="20" y="%d" font-size="11" '
        . 'fill="%s">%s</text>', $h - 12, $GREY, _escape($self->{note})) : '';

    return qq(<svg xmlns="http://www.w3.org/2000/svg" width="$w" height="$h" )
        . qq(viewBox="0 0 $w $h" $FONT>\n<rect width="$w" height="$h" fill="#ffffff"/>\n)
        . qq(<text x="20" y="28" font-size="17" font-weight="bold" fill="$TEXT">)
        . _escape($self->{title}) . "</text>\n" . join("\n", $self->{parts}->@*, $note)
        . "\n</svg>\n";
}


1;
