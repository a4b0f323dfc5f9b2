# What the report and its plots share: names, medians, ratios, numbers in words.

package Bench::Summary;

use v5.36;
use utf8;
use Exporter qw(import);
use List::Util qw(min sum0);

our @EXPORT = qw(name_of label in_order processes process_name median middle ratio
    show times_as);

my %NAME = (bb_store => 'bb_store', return200 => 'nginx return 200',
    openresty => 'OpenResty', node => 'Node.js',
    'openresty-nocount' => 'OpenResty, rows not counted',
    'node-nocount' => 'Node.js, rows not counted');
my @ORDER = qw(bb_store return200 openresty openresty-nocount node node-nocount);

my @PROCESSES = qw(nginx node redis postgres);
my %PROCESS = (nginx => 'nginx', node => 'Node.js', redis => 'Redis',
    postgres => 'PostgreSQL');

my %LABEL = ('claim commit' => 'claim, ack commit', 'claim claim' => 'claim, ack claim',
    'soldout commit' => 'sold out', 'duplicate commit' => 'holder draws again',
    'my commit' => 'GET coupons/my', 'list commit' => 'GET list',
    'subtract commit' => 'stock subtract');


sub name_of($system) { return $NAME{$system} // $system }

sub label($row, $ack) { return $LABEL{"$row $ack"} // "$row $ack" }

sub processes() { return @PROCESSES }

sub process_name($process) { return $PROCESS{$process} }


# Entries of several systems, always in the same order.
sub in_order(@entries) {
    my %place = map { $ORDER[$_] => $_ } 0 .. $#ORDER;

    return sort { ($place{$a->{system}} // 99) <=> ($place{$b->{system}} // 99)
        or $a->{system} cmp $b->{system} } @entries;
}


sub median(@values) {
    my @sorted = sort { $a <=> $b } grep { defined } @values;
    my $n = @sorted or return undef;

    return $n % 2 ? $sorted[$n / 2] : ($sorted[$n / 2 - 1] + $sorted[$n / 2]) / 2;
}


# A figure of one round: what stands there by this name, or "cpu" (all processes),
# "cpu <process>", "cpu front" (without PostgreSQL).
sub _figure($round, $name) {
    my $cpu = $round->{cpu};

    return sum0(values %$cpu) if $name eq 'cpu';
    return sum0(map { $cpu->{$_} // 0 } qw(nginx node redis)) if $name eq 'cpu front';
    return $cpu->{$1} if $name =~ /\Acpu (\w+)\z/;
    return $round->{$name};
}


# The median of all rounds.
sub middle($entry, $name) {
    return median(map { _figure($_, $name) } $entry->{rounds}->@*);
}


# How many times as good as the peer: more requests, or less CPU or time.
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


sub show($value, $digits = 1) {
    return '–' if not defined $value;
    return sprintf("%.${digits}f", $value) if abs($value) < 1000;
    return sprintf('%d', $value + 0.5) =~ s/(?<=\d)(?=(?:\d{3})+\z)/,/gr;
}


sub times_as($value) {
    return '–' if not defined $value;
    return sprintf($value < 10 ? '%.2f ×' : '%.1f ×', $value);
}


1;
