# results.json as a page.
#
# A ratio is taken within each round, where all systems ran within seconds of
# each other, and the median of these ratios is reported.

package Bench::Report;

use v5.36;
use utf8;
use List::Util qw(any first max min);

use Bench::Summary;

my @GROUPS = (
    [ claim => commit => 'Claim, acknowledged when committed (`ack commit`)' ],
    [ claim => claim => 'Claim, acknowledged when Redis has it (`ack claim`)' ],
    [ soldout => commit => 'Sold out, every twentieth asker is a holder' ],
    [ duplicate => commit => 'Holders draw again' ],
    [ my => commit => '`GET /stores/coupons/my`, three coupons each' ],
    [ list => commit => '`GET /stores/list`, from the cache' ],
    [ subtract => commit => '`PUT /client/stores/flowers/stocks/subtract`, two flowers' ],
);

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
    [ 'claim', 'commit', 64, 'openresty-nocount', 'rps', 4.8 ],
    [ 'claim', 'commit', 256, 'openresty-nocount', 'rps', 7 ],
    [ 'claim', 'commit', 64, 'openresty-nocount', 'cpu', 8 ],
    [ 'claim', 'commit', 256, 'openresty-nocount', 'cpu', 10 ],
    [ 'soldout', 'commit', 64, 'return200', 'rps', 0.92 ],
    [ 'soldout', 'commit', 256, 'return200', 'rps', 0.92 ],
    [ 'soldout', 'commit', 64, 'openresty', 'rps', 3.3 ],
    [ 'soldout', 'commit', 256, 'openresty', 'rps', 3.6 ],
);

my %FIGURE = (rps => 'requests per second', cpu => 'CPU per request',
    'cpu front' => '(CPU per request of nginx and Redis alone)');


# results: what results.json holds
sub new($class, $results) { return bless { $results->%* }, $class }


sub find($self, %o) {
    return first { my $row = $_; not any { $row->{$_} ne $o{$_} } keys %o }
        $self->{rows}->@*;
}


sub markdown($self, $plots) {
    my $m = $self->{machine};
    my $cells = join(', ', map { "$_ $m->{versions}{$_}" } sort keys $m->{versions}->%*);
    my $rounds = max(0, map { scalar $_->{rounds}->@* }
        map { $self->{$_}->@* } qw(rows drops));
    my @text = ("# Burst speed, measured\n",
        "Made by `bench/report` from what this wrote:\n", "```sh\n$self->{command}\n```\n",
        "$self->{date}, $m->{cpu}, $m->{cores} cores, $m->{memory_mib} MiB, Linux "
            . "$m->{kernel}, load average " . ($m->{load} // '?') . " when it began. $cells.\n",
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
            label($row, $ack), $connections, name_of($peer), $FIGURE{$name},
            $name eq 'rps' ? '≥' : '1 /', $name eq 'rps' ? "$wanted ×" : $wanted,
            not(defined $have) ? '–' : $name eq 'rps' ? times_as($have)
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
            push @text, '| ' . label($row, 'commit') . ' | – | the bare statement | CPU '
                . 'per request | – | – | not measured |';
            next;
        }

        my $cpu = middle($ours, 'cpu');
        my $limit = 1.5 * median(map { $_->{cpu} } $bare->{rounds}->@*)
            + middle($floor, 'cpu');

        push @text, sprintf('| %s | %d | 1.5 × the bare statement + `return 200` | CPU '
            . 'per request | ≤ %s µs | %s µs | %s |', label($row, 'commit'),
            $ours->{connections}, show($limit), show($cpu),
            $cpu <= $limit ? 'yes' : '**no**');
    }

    return @text;
}


sub _count($n, $what) { return "$n $what" . ($n == 1 ? '' : 's') }


# Said plainly: each row in which somebody else is better.
sub _behind($self) {
    my @lines;

    for my $ours (grep { $_->{system} eq 'bb_store' } $self->{rows}->@*) {
        for my $peer (in_order(grep { $_->{system} ne 'bb_store' } $self->{rows}->@*)) {
            next if any { $ours->{$_} ne $peer->{$_} }
                qw(row ack workers connections coupons);

            # a floor, where there is more to do than to answer
            next if $peer->{system} eq 'return200' and $peer->{row} ne 'soldout';

            my @worse = map {
                my $ratio = ratio($ours, $peer, $_->[0]);
                defined $ratio && $ratio < 0.98 ? "$_->[1] " . times_as($ratio) : ();
            } [ rps => 'requests per second' ], [ cpu => 'CPU' ], [ p50 => 'p50' ],
                [ p99 => 'p99' ];

            push @lines, sprintf('- %s, %s, %d connections, %s, against %s: %s',
                label(@$ours{qw(row ack)}), _count($ours->{workers}, 'worker'),
                $ours->{connections}, _count($ours->{coupons}, 'coupon'),
                name_of($peer->{system}), join(', ', @worse)) if @worse;
        }
    }

    return ("## Where bb_store is not ahead\n", @lines
        ? ("How many times as good; below 1 the other one is better.\n", @lines, '')
        : "Nowhere in this run.\n");
}


sub _name($entry) {
    return name_of($entry->{system}) . ($entry->{valid} ? '' : ' (invalid)');
}


sub _group($self, $row, $ack, $title) {
    my @all = grep { $_->{row} eq $row and $_->{ack} eq $ack } $self->{rows}->@* or return;
    my @names = grep { my $name = $_;
        any { any { $_->{cpu}{$name} } $_->{rounds}->@* } @all } processes();
    my @text = ("## $title\n", '| workers | coupons | connections | system | requests/s | '
        . 'lowest … highest | bb_store has | '
        . join(' | ', map { process_name($_) . ' µs' } @names)
        . ' | CPU µs | bb_store needs | p50 ms | p99 ms | p99.9 ms | wrk µs |',
        '|' . '---|' x (14 + @names - 1));
    my %seen;

    for my $first (@all) {
        my $key = join(' ', @$first{qw(workers coupons connections)});

        next if $seen{$key}++;

        my @here = in_order(grep {
            join(' ', @$_{qw(workers coupons connections)}) eq $key } @all);
        my $ours = first { $_->{system} eq 'bb_store' } @here;

        for my $entry (@here) {
            my $peer = $ours && $entry != $ours;
            my $cpu = $peer ? ratio($ours, $entry, 'cpu') : undef;
            my @rps = map { $_->{rps} } $entry->{rounds}->@*;

            push @text, join(' | ', "| $entry->{workers}", @$entry{qw(coupons connections)},
                _name($entry),
                show(middle($entry, 'rps'), 0), @rps ? show(min(@rps), 0) . ' … '
                    . show(max(@rps), 0) : '–',
                $peer ? times_as(ratio($ours, $entry, 'rps')) : '',
                map({ show(middle($entry, "cpu $_")) } @names),
                '**' . show(middle($entry, 'cpu')) . '**',
                defined $cpu ? sprintf($cpu >= 1 ? '1 / %.1f' : '%.1f ×',
                    $cpu >= 1 ? $cpu : 1 / $cpu) : '',
                map({ show(middle($entry, $_), 2) } qw(p50 p99 p999)),
                show(median(map { $_->{wrk} } $entry->{rounds}->@*)) . ' |');
        }
    }

    return (@text, '');
}


sub _drops($self) {
    my @all = $self->{drops}->@* or return;
    my @text = ("## One drop\n", sprintf("%s users draw one coupon of which there are "
            . "%s, once each; `ack commit`.\n", map { show($all[0]{$_}, 0) } qw(users limit)),
        '| workers | connections | system | seconds | answers/s | bb_store has | CPU µs '
        . 'per answer | bb_store needs | p50 ms | p99 ms | p99.9 ms |', '|' . '---|' x 11);

    for my $entry (in_order(@all)) {
        my $ours = first { $_->{system} eq 'bb_store' and $_->{workers} == $entry->{workers}
            and $_->{connections} == $entry->{connections} } @all;
        my $peer = $ours && $entry != $ours;

        push @text, join(' | ', "| $entry->{workers}", $entry->{connections},
            _name($entry),
            show(middle($entry, 'seconds'), 2), show(middle($entry, 'rps'), 0),
            $peer ? times_as(ratio($ours, $entry, 'rps')) : '', show(middle($entry, 'cpu')),
            $peer ? sprintf('1 / %.1f', ratio($ours, $entry, 'cpu') // 0) : '',
            map({ show(middle($entry, $_), 2) } qw(p50 p99)),
            show(middle($entry, 'p999'), 2) . ' |');
    }

    return (@text, '');
}


sub _engines($self) {
    my @all = $self->{engines}->@* or return;
    my $row = sub($entry, @cells) {
        my @rounds = $entry->{rounds}->@*;

        return '| ' . join(' | ', @cells, show(median(map { $_->{rate} } @rounds), 0),
            map({ my $name = $_; show(median(map { $_->{$name} } @rounds)) } qw(cpu client)))
            . ($entry->{valid} ? ' |' : ' (invalid) |');
    };
    my @text = ("## The engines alone\n",
        'What one claim or statement costs Redis and PostgreSQL without a service before '
            . "them.\n",
        "`redis-benchmark` with `lua-scripts/coupon_issue.lua`, random users:\n",
        '| users a call | connections | pipeline | claims/s | Redis µs per claim '
            . '| client µs |',
        '|---|---|---|---|---|---|');

    for my $entry (grep { $_->{engine} eq 'redis' } @all) {
        push @text, $row->($entry, @$entry{qw(users connections pipeline)});
    }

    push @text, "\n`pgbench` with `sql/coupon/issue_batch.sql`, one coupon; several "
        . "connections are several writers of its row:\n",
        '| claims a batch | connections | claims/s | PostgreSQL µs per claim '
            . '| client µs |',
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

    for my $entry (grep { not $_->{valid} }
        map { $self->{$_}->@* } qw(rows drops engines))
    {
        my @wrong = map { ($_->{wrong} // [])->@* } $entry->{rounds}->@*;

        push @lines, '- ' . join(' ', grep { defined } @$entry{qw(row what ack system)},
            map { defined $entry->{$_} ? "$_ $entry->{$_}" : () }
                qw(workers connections coupons users))
            . ': ' . ($wrong[0] // 'it did not finish');
    }

    return () if not @lines;
    return ("## Invalid\n", "Their check failed; their figures say nothing.\n", @lines, '');
}


1;
