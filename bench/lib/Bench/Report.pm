# results.json as tables and plots.
#
# A ratio is taken within each round, where all systems ran within seconds of
# each other, and the median of these ratios is reported.

package Bench::Report;

use v5.36;
use utf8;
use List::Util qw(any first max min sum0);

use Bench::Plot;

my %NAME = (bb_store => 'bb_store', return200 => 'nginx return 200',
    openresty => 'OpenResty', node => 'Node.js');
my %COLOUR = (bb_store => '#1261b5', return200 => '#8a8f98', openresty => '#e07b18',
    node => '#3c9a4a');
my @ORDER = qw(bb_store return200 openresty node);

my @PROCESSES = qw(nginx node redis postgres);
my %PROCESS = (nginx => '#1261b5', node => '#3c9a4a', redis => '#c9362f',
    postgres => '#8d78c9');
my %PROCESS_NAME = (nginx => 'nginx', node => 'Node.js', redis => 'Redis',
    postgres => 'PostgreSQL');

my @GROUPS = (
    [ claim => commit => 'Claim, acknowledged when committed (`ack commit`)' ],
    [ claim => claim => 'Claim, acknowledged when Redis has it (`ack claim`)' ],
    [ soldout => commit => 'Sold out, every twentieth asker is a holder' ],
    [ duplicate => commit => 'Holders draw again' ],
    [ my => commit => '`GET /stores/coupons/my`, three coupons each' ],
    [ list => commit => '`GET /stores/list`, from the cache' ],
    [ subtract => commit => '`PUT /client/stores/flowers/stocks/subtract`, two flowers' ],
);

my %SHORT = ('claim commit' => 'claim, ack commit', 'claim claim' => 'claim, ack claim',
    'soldout commit' => 'sold out', 'duplicate commit' => 'holder draws again',
    'my commit' => 'GET coupons/my', 'list commit' => 'GET list',
    'subtract commit' => 'stock subtract');

# what was asked for: row, ack, connections, peer, figure, how many times
my @TARGETS = (
    [ 'claim', 'claim', 64, 'openresty', 'rps', 2.2 ],
    [ 'claim', 'claim', 256, 'openresty', 'rps', 2.5 ],
    [ 'claim', 'claim', 64, 'openresty', 'cpu', 3.2 ],
    [ 'claim', 'claim', 256, 'openresty', 'cpu', 3.6 ],
    [ 'claim', 'claim', 64, 'openresty', 'cpu front', 3.2 ],
    [ 'claim', 'claim', 256, 'openresty', 'cpu front', 3.6 ],
    [ 'claim', 'commit', 64, 'openresty', 'rps', 4.8 ],
    [ 'claim', 'commit', 256, 'openresty', 'rps', 7 ],
    [ 'claim', 'commit', 64, 'openresty', 'cpu', 8 ],
    [ 'claim', 'commit', 256, 'openresty', 'cpu', 10 ],
    [ 'soldout', 'commit', 64, 'return200', 'rps', 0.92 ],
    [ 'soldout', 'commit', 256, 'return200', 'rps', 0.92 ],
    [ 'soldout', 'commit', 64, 'openresty', 'rps', 3.3 ],
    [ 'soldout', 'commit', 256, 'openresty', 'rps', 3.6 ],
);

my %FIGURE = (rps => 'requests per second', cpu => 'CPU per request',
    'cpu front' => '(CPU per request of nginx and Redis alone)');


# results: what results.json holds
sub new($class, $results) { return bless { $results->%* }, $class }


sub median(@values) {
    my @sorted = sort { $a <=> $b } grep { defined } @values;
    my $n = @sorted or return undef;

    return $n % 2 ? $sorted[$n / 2] : ($sorted[$n / 2 - 1] + $sorted[$n / 2]) / 2;
}


# A figure of one round.
sub _figure($round, $name) {
    return sum0(values $round->{cpu}->%*) if $name eq 'cpu';
    return sum0(map { $round->{cpu}{$_} // 0 } qw(nginx node redis)) if $name eq 'cpu front';
    return $round->{cpu}{$1} if $name =~ /\Acpu (\w+)\z/;
    return $round->{$name};
}


sub _median($entry, $name) {
    return median(map { _figure($_, $name) } $entry->{rounds}->@*);
}


sub find($self, %o) {
    return first { my $row = $_; not any { $row->{$_} ne $o{$_} } keys %o }
        $self->{rows}->@*;
}


# How many times better than the peer: more requests, or less CPU.
sub ratio($ours, $peer, $name) {
    my $last = min($#{ $ours->{rounds} }, $#{ $peer->{rounds} });
    my @ratios;

    for my $i (0 .. $last) {
        my ($a, $b) = map { _figure($_->{rounds}[$i], $name) } $ours, $peer;

        next if not $a or not $b;
        push @ratios, $name =~ /\Acpu/ || $name =~ /\Ap\d/ ? $b / $a : $a / $b;
    }

    return median(@ratios);
}


sub _show($value, $digits = 1) {
    return '–' if not defined $value;
    return sprintf("%.${digits}f", $value) if abs($value) < 1000;
    return sprintf('%d', $value + 0.5) =~ s/(?<=\d)(?=(?:\d{3})+\z)/,/gr;
}


sub _times($value) {
    return '–' if not defined $value;
    return sprintf($value < 10 ? '%.2f ×' : '%.1f ×', $value);
}


sub _systems(@entries) {
    my %place = map { $ORDER[$_] => $_ } 0 .. $#ORDER;

    return sort { ($place{$a->{system}} // 99) <=> ($place{$b->{system}} // 99)
        or $a->{system} cmp $b->{system} } @entries;
}


sub markdown($self, $plots) {
    my $m = $self->{machine};
    my $cells = join(', ', map { "$_ $m->{versions}{$_}" } sort keys $m->{versions}->%*);
    my $rounds = max(map { scalar $_->{rounds}->@* } map { $self->{$_}->@* } qw(rows drops));
    my @text = ("# Burst speed, measured\n",
        "Made by `bench/report` from what this wrote:\n", "```sh\n$self->{command}\n```\n",
        "$self->{date}, $m->{cpu}, $m->{cores} cores, $m->{memory_mib} MiB, Linux "
            . "$m->{kernel}, load average $m->{load} when it began. $cells.\n",
        'Load, servers, Redis and PostgreSQL share these cores. Absolute figures drift '
            . 'from minute to minute; the **ratios** are what counts: all systems ran '
            . "side by side in each of $rounds rounds, a ratio is taken within a round, "
            . 'and the median of the rounds is shown. CPU is user and system time of '
            . 'all processes, in microseconds per request, the work behind the answers '
            . 'included; that of wrk is apart. [README](README.md) says how it is '
            . "measured and how to repeat it.\n");

    push @text, "$_\n" for map { "- $_" } $self->{notes}->@*;
    push @text, $self->_targets(), $self->_behind();

    for my $plot (@$plots) {
        push @text, "![$plot->[1]]($plot->[0])\n";
    }

    push @text, map { $self->_group(@$_) } @GROUPS;
    push @text, $self->_drops(), $self->_engines(), $self->_invalid();

    return join("\n", @text);
}


sub _targets($self) {
    my @text = ("## What was asked for\n",
        '| path | connections | against | figure | wanted | measured | reached |',
        '|---|---|---|---|---|---|---|');

    for my $target (@TARGETS) {
        my ($row, $ack, $connections, $peer, $name, $wanted) = @$target;
        my @both = map { $self->find(row => $row, ack => $ack, workers => 1, coupons => 1,
            connections => $connections, system => $_) } 'bb_store', $peer;
        my $have = @both == 2 && $both[0] && $both[1] ? ratio(@both, $name) : undef;
        my $valid = defined $have && not grep { not $_->{valid} } @both;

        push @text, sprintf('| %s | %d | %s | %s | %s %s | %s | %s |',
            $SHORT{"$row $ack"}, $connections, $NAME{$peer}, $FIGURE{$name},
            $name eq 'rps' ? '≥' : '1 /', $name eq 'rps' ? "$wanted ×" : $wanted,
            not(defined $have) ? '–' : $name eq 'rps' ? _times($have)
                : sprintf('1 / %.1f', $have),
            not(defined $have) ? 'not measured' : not($valid) ? 'invalid'
                : $name eq 'cpu front' ? ($have >= $wanted ? '(yes)' : '(no)')
                : $have >= $wanted ? 'yes' : '**no**');
    }

    push @text, $self->_reads(), '',
        'With `ack claim` the peer leaves it at Redis, while bb_store also commits '
            . 'every claim, behind the answer. "nginx and Redis alone" compares what both '
            . "do.\n";
    return @text;
}


# At most 1.5 times the bare statement, and what any answer costs.
sub _reads($self) {
    my @text;

    for my $row (qw(my list)) {
        my $bare = first { $_->{what} eq $row } $self->{engines}->@*;
        my ($ours, $floor) = map { my $system = $_;
            first { $_->{row} eq $row and $_->{system} eq $system and $_->{workers} == 1 }
                $self->{rows}->@* } qw(bb_store return200);

        if (not $bare or not $ours or not $floor) {
            push @text, "| $SHORT{qq($row commit)} | – | the bare statement | CPU per request "
                . '| – | – | not measured |';
            next;
        }

        my $cpu = _median($ours, 'cpu');
        my $limit = 1.5 * median(map { $_->{cpu} } $bare->{rounds}->@*)
            + _median($floor, 'cpu');

        push @text, sprintf('| %s | %d | 1.5 × the bare statement + `return 200` | CPU per '
            . 'request | ≤ %s µs | %s µs | %s |', $SHORT{"$row commit"},
            $ours->{connections}, _show($limit), _show($cpu),
            $cpu <= $limit ? 'yes' : '**no**');
    }

    return @text;
}


# Said plainly: each row in which somebody else is better.
sub _behind($self) {
    my @lines;

    for my $ours (grep { $_->{system} eq 'bb_store' } $self->{rows}->@*) {
        for my $peer (_systems(grep { $_->{system} ne 'bb_store' } $self->{rows}->@*)) {
            next if any { $ours->{$_} ne $peer->{$_} } qw(row ack workers connections coupons);

            # a floor, where there is more to do than to answer
            next if $peer->{system} eq 'return200' and $peer->{row} ne 'soldout';

            my @worse = map {
                my $ratio = ratio($ours, $peer, $_->[0]);
                defined $ratio && $ratio < 0.98 ? "$_->[1] " . _times($ratio) : ();
            } [ rps => 'requests per second' ], [ cpu => 'CPU' ], [ p50 => 'p50' ],
                [ p99 => 'p99' ];

            push @lines, sprintf('- %s, %d worker%s, %d connections, %d coupon%s, against %s: %s',
                $SHORT{"$ours->{row} $ours->{ack}"}, $ours->{workers},
                $ours->{workers} > 1 ? 's' : '', $ours->{connections}, $ours->{coupons},
                $ours->{coupons} > 1 ? 's' : '', $NAME{ $peer->{system} } // $peer->{system},
                join(', ', @worse)) if @worse;
        }
    }

    return ("## Where bb_store is not ahead\n", @lines
        ? ("How many times as good; below 1 the other one is better.\n", @lines, '')
        : "Nowhere in this run.\n");
}


sub _group($self, $row, $ack, $title) {
    my @all = grep { $_->{row} eq $row and $_->{ack} eq $ack } $self->{rows}->@* or return;
    my @names = grep { my $name = $_;
        any { any { $_->{cpu}{$name} } $_->{rounds}->@* } @all } @PROCESSES;
    my @text = ("## $title\n", '| workers | coupons | connections | system | requests/s | '
        . 'lowest … highest | bb_store has | '
        . join(' | ', map { "$PROCESS_NAME{$_} µs" } @names)
        . ' | CPU µs | bb_store needs | p50 ms | p99 ms | p99.9 ms | wrk µs |',
        '|' . '---|' x (14 + @names - 1));
    my %seen;

    for my $first (@all) {
        my $key = join(' ', @$first{qw(workers coupons connections)});

        next if $seen{$key}++;

        my @here = _systems(grep { join(' ', @$_{qw(workers coupons connections)}) eq $key } @all);
        my $ours = first { $_->{system} eq 'bb_store' } @here;

        for my $entry (@here) {
            my $peer = $ours && $entry != $ours;
            my $cpu = $peer ? ratio($ours, $entry, 'cpu') : undef;
            my @rps = map { $_->{rps} } $entry->{rounds}->@*;

            push @text, join(' | ', "| $entry->{workers}", @$entry{qw(coupons connections)},
                ($NAME{ $entry->{system} } // $entry->{system}) . ($entry->{valid} ? '' : ' (invalid)'),
                _show(_median($entry, 'rps'), 0), @rps ? _show(min(@rps), 0) . ' … '
                    . _show(max(@rps), 0) : '–',
                $peer ? _times(ratio($ours, $entry, 'rps')) : '',
                map({ _show(_median($entry, "cpu $_")) } @names),
                '**' . _show(_median($entry, 'cpu')) . '**',
                defined $cpu ? sprintf($cpu >= 1 ? '1 / %.1f' : '%.1f ×',
                    $cpu >= 1 ? $cpu : 1 / $cpu) : '',
                map({ _show(_median($entry, $_), 2) } qw(p50 p99 p999)),
                _show(median(map { $_->{wrk} } $entry->{rounds}->@*)) . ' |');
        }
    }

    return (@text, '');
}


sub _drops($self) {
    my @all = $self->{drops}->@* or return;
    my @text = ("## One drop\n", sprintf("%s users draw one coupon of which there are %s, once "
        . "each; `ack commit`.\n", _show($all[0]{users}, 0), _show($all[0]{limit}, 0)),
        '| workers | connections | system | seconds | answers/s | bb_store has | CPU µs per '
        . 'answer | bb_store needs | p50 ms | p99 ms | p99.9 ms |', '|' . '---|' x 11);

    for my $entry (_systems(@all)) {
        my $ours = first { $_->{system} eq 'bb_store' and $_->{workers} == $entry->{workers}
            and $_->{connections} == $entry->{connections} } @all;
        my $peer = $ours && $entry != $ours;

        push @text, join(' | ', "| $entry->{workers}", $entry->{connections},
            ($NAME{ $entry->{system} } // $entry->{system}) . ($entry->{valid} ? '' : ' (invalid)'),
            _show(_median($entry, 'seconds'), 2), _show(_median($entry, 'rps'), 0),
            $peer ? _times(ratio($ours, $entry, 'rps')) : '', _show(_median($entry, 'cpu')),
            $peer ? sprintf('1 / %.1f', ratio($ours, $entry, 'cpu') // 0) : '',
            map({ _show(_median($entry, $_), 2) } qw(p50 p99)),
            _show(_median($entry, 'p999'), 2) . ' |');
    }

    return (@text, '');
}


sub _engines($self) {
    my @all = $self->{engines}->@* or return;
    my $row = sub($entry, @cells) {
        my @rounds = $entry->{rounds}->@*;

        return join(' | ', '|', @cells, _show(median(map { $_->{rate} } @rounds), 0),
            _show(median(map { $_->{cpu} } @rounds)),
            _show(median(map { $_->{client} } @rounds)) . ($entry->{valid} ? ' |' : ' (invalid) |'))
            =~ s/\A\| \| /| /r;
    };
    my @text = ("## The engines alone\n",
        "What one claim or statement costs Redis and PostgreSQL without a service before them.\n",
        "`redis-benchmark` with `lua-scripts/coupon_issue.lua`, random users:\n",
        '| users a call | connections | pipeline | claims/s | Redis µs per claim | client µs |',
        '|---|---|---|---|---|---|');

    for my $entry (grep { $_->{engine} eq 'redis' } @all) {
        push @text, $row->($entry, @$entry{qw(users connections pipeline)});
    }

    push @text, "\n`pgbench` with `sql/coupon/issue_batch.sql`, one coupon; several connections "
        . "are several writers of its row:\n",
        '| claims a batch | connections | claims/s | PostgreSQL µs per claim | client µs |',
        '|---|---|---|---|---|';

    for my $entry (grep { $_->{what} eq 'issue_batch' } @all) {
        push @text, $row->($entry, @$entry{qw(users connections)});
    }

    push @text, "\n`pgbench` with the statements of the reads, one connection:\n",
        '| statement | statements/s | PostgreSQL µs | client µs |', '|---|---|---|---|';

    for my $entry (grep { $_->{what} eq 'my' or $_->{what} eq 'list' } @all) {
        push @text, $row->($entry, $entry->{what});
    }

    return (@text, '');
}


sub _invalid($self) {
    my @lines;

    for my $entry (grep { not $_->{valid} } map { $self->{$_}->@* } qw(rows drops engines)) {
        my @wrong = map { ($_->{wrong} // [])->@* } $entry->{rounds}->@*;

        push @lines, '- ' . join(' ', grep { defined } @$entry{qw(row what ack system)},
            map { defined $entry->{$_} ? "$_ $entry->{$_}" : () } qw(workers connections coupons users))
            . ': ' . ($wrong[0] // 'it did not finish');
    }

    return @lines ? ("## Invalid\n", "Their check failed; their figures say nothing.\n", @lines, '') : ();
}


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

    return map { $_->{system} } _systems(map { { system => $_ } } keys %seen);
}


sub _legend(@systems) {
    return map { [ $NAME{$_} // $_, $COLOUR{$_} // '#000000' ] } @systems;
}


my @PANELS = ([ claim => 'commit' ], [ claim => 'claim' ], [ soldout => 'commit' ]);


# One worker, one coupon.
sub _plain($self, $row, $ack) {
    return grep { $_->{row} eq $row and $_->{ack} eq $ack and $_->{workers} == 1
        and $_->{coupons} == 1 and $_->{rounds}->@* } $self->{rows}->@*;
}


sub _throughput($self) {
    my @panels = grep { $self->_plain(@$_) } @PANELS or return;
    my $plot = Bench::Plot->new(width => 90 + 350 * @panels, height => 440,
        title => 'Throughput by connections: one worker, one coupon', note => $self->_note());
    my @all = map { $self->_plain(@$_) } @panels;
    my $x = 90;

    $plot->legend(90, 54, _legend($self->_present(@all)));

    for my $panel (@panels) {
        my @entries = $self->_plain(@$panel);
        my %connections = map { $_->{connections} => 1 } @entries;
        my @ticks = sort { $a <=> $b } keys %connections;
        my %at = map { $ticks[$_] => @ticks > 1 ? 0.06 + 0.88 * $_ / $#ticks : 0.5 } 0 .. $#ticks;
        my ($fx, $fy) = $plot->panel(x => $x, y => 100, w => 265, h => 250,
            title => $SHORT{"@$panel"}, xlabel => 'connections',
            ylabel => $x == 90 ? 'requests per second' : undef,
            ymax => max(map { _median($_, 'rps') // 0 } @entries),
            xticks => [ map { [ $at{$_}, $_ ] } @ticks ]);

        for my $system (reverse $self->_present(@entries)) {
            my @points = map { [ $fx->($at{ $_->{connections} }), $fy->(_median($_, 'rps') // 0) ] }
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

    for my $group (@GROUPS) {
        my ($row, $ack) = @$group;
        my @entries = $self->_plain($row, $ack) or next;
        my @at = sort { abs($a - 64) <=> abs($b - 64) } map { $_->{connections} } @entries;
        my @bars;

        for my $entry (_systems(grep { $_->{connections} == $at[0] } @entries)) {
            my @parts = map { [ _median($entry, "cpu $_") // 0, $PROCESS{$_}, $_ ] } @PROCESSES;

            $used{ $_->[2] } = 1 for grep { $_->[0] > 0.05 } @parts;
            push @bars, [ $NAME{ $entry->{system} } // $entry->{system}, \@parts,
                _show(_median($entry, 'cpu')) . ' µs, ' . _show(_median($entry, 'rps'), 0) . '/s' ];
        }

        push @panels, [ "$SHORT{qq($row $ack)}, $at[0] connections", \@bars ];
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

    $plot->legend(20, 54, map { [ $PROCESS_NAME{$_}, $PROCESS{$_} ] } grep { $used{$_} } @PROCESSES);

    for my $i (0 .. $#panels) {
        $plot->bars(x => 150 + 570 * $place[$i][0], y => $place[$i][1], w => 270,
            unit => 'µs per request', title => $panels[$i][0], bars => $panels[$i][1]);
    }

    return $plot->svg();
}


# Where a percentile stands: each nine as far from the last one.
sub _nines($percentile) { return -log(1 - $percentile / 100) / log(10) }


sub _latency($self) {
    my @panels = map { [ @$_ ] } grep { $self->_plain(@$_) } @PANELS or return;
    my $plot = Bench::Plot->new(width => 90 + 350 * @panels, height => 440,
        title => 'Latency distribution: one worker, one coupon', note => $self->_note());
    my @ticks = (0, 50, 90, 99, 99.9, 99.99);
    my $x = 90;
    my (%curve, @all);

    $plot->legend(90, 54, _legend($self->_present(map { $self->_plain(@$_[0, 1]) } @panels)));

    # one scale for all panels
    for my $panel (@panels) {
        my @entries = $self->_plain(@$panel);

        # that of a burst, or the nearest
        ($panel->[2]) = sort { abs($a - 256) <=> abs($b - 256) } map { $_->{connections} } @entries;

        for my $entry (grep { $_->{connections} == $panel->[2] } @entries) {
            my %values;

            push $values{ $_->[0] }->@*, $_->[1] for map { $_->{latency}->@* } $entry->{rounds}->@*;
            $curve{"@$panel[0, 1]"}{ $entry->{system} } = [
                map { [ $_, median($values{$_}->@*) ] } sort { $a <=> $b } keys %values ];
            push @all, map { $_->[1] } $curve{"@$panel[0, 1]"}{ $entry->{system} }->@*;
        }
    }

    for my $panel (@panels) {
        my $curve = $curve{"@$panel[0, 1]"};
        my $at = $panel->[2];
        my $far = _nines(99.99);
        my ($fx, $fy) = $plot->panel(x => $x, y => 100, w => 265, h => 250,
            title => $SHORT{"@$panel[0, 1]"} . ", $at connections", xlabel => 'percentile',
            ylabel => $x == 90 ? 'milliseconds' : undef,
            ylog => [ max(min(@all), 0.01), max(@all) ],
            xticks => [ map { [ _nines($_) / $far, $_ ] } @ticks ]);

        for my $system (reverse map { $_->{system} } _systems(map { { system => $_ } } keys %$curve)) {
            $plot->polyline([ map { [ $fx->(_nines($_->[0]) / $far), $fy->($_->[1]) ] }
                $curve->{$system}->@* ], $COLOUR{$system} // '#000000');
        }

        $x += 350;
    }

    return $plot->svg();
}


sub _drop($self) {
    my @drops = _systems(grep { $_->{points} and $_->{points}->@* } $self->{drops}->@*);
    my ($first) = @drops or return;

    @drops = grep { $_->{workers} == $first->{workers}
        and $_->{connections} == $first->{connections} } @drops;

    my $end = max(map { $_->{points}[-1][0] / 1000 + 0.1 } @drops);
    my $plot = Bench::Plot->new(width => 1000, height => 130 + 175 * @drops, note => $self->_note(),
        title => sprintf('One drop: %s coupons, %s users, %d connections, one answer each',
            _show($first->{limit}, 0), _show($first->{users}, 0), $first->{connections}));
    my $y = 104;

    $plot->legend(90, 54, [ 'issued', '#2e9e5b' ], [ 'lost', '#b9c2cf' ]);

    for my $drop (@drops) {
        my @points = $drop->{points}->@*;
        my $top = max(map { $_->[1] + $_->[2] } @points);
        my $issued = first { $points[$_][1] > 0 } reverse 0 .. $#points;
        my ($fx, $fy) = $plot->panel(x => 90, y => $y, w => 880, h => 95, xmax => $end,
            ymax => $top, ylabel => 'answers / 0.1 s', title => sprintf(
                '%s: last coupon within %.1f s, last answer after %.1f s',
                $NAME{ $drop->{system} } // $drop->{system},
                (defined $issued ? $points[$issued][0] / 1000 : 0) + 0.1, _median($drop, 'seconds')),
            xlabel => $drop == $drops[-1] ? 'seconds since the first draw' : undef);

        for my $point (@points) {
            my ($ms, $won, $lost) = @$point;
            my ($left, $right) = map { $fx->($_) } $ms / 1000, $ms / 1000 + 0.1;
            my $wide = max($right - $left - ($right - $left > 4 ? 1 : 0), 0.5);

            $plot->rect($left, $fy->($won + $lost), $wide, $fy->($won) - $fy->($won + $lost), '#b9c2cf');
            $plot->rect($left, $fy->($won), $wide, $fy->(0) - $fy->($won), '#2e9e5b') if $won;
        }

        $y += 175;
    }

    return $plot->svg();
}


1;
