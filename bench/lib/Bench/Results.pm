# bench/results.json: written whole after each row, so that what was measured
# before an interruption can be used.

package Bench::Results;

use v5.36;
use JSON::PP;
use POSIX qw(strftime uname);

my $JSON = JSON::PP->new->canonical->allow_nonref;

my @LISTS = qw(rows drops engines);


# file, command
sub new($class, %o) {
    return bless { file => $o{file}, head => { command => $o{command},
        date => strftime('%Y-%m-%dT%H:%M:%S%z', localtime()),
        machine => _machine(), notes => [] }, map { $_ => [] } @LISTS }, $class;
}


sub add($self, $list, $entry) {
    push $self->{$list}->@*, $entry;
    $self->write();
}


# What the reader must know of this run.
sub note($self, $text) {
    push $self->{head}{notes}->@*, $text;
    $self->write();
}


# One entry a line.
sub write($self) {
    my @parts = map { $JSON->encode($_) . ': ' . $JSON->encode($self->{head}{$_}) }
        qw(command date machine notes);

    for my $list (@LISTS) {
        push @parts, qq("$list": [)
            . join(',', map { "\n  " . $JSON->encode(_short($_)) } $self->{$list}->@*)
            . ($self->{$list}->@* ? "\n" : '') . ']';
    }

    open(my $out, '>', "$self->{file}.new") or die "$self->{file}.new: $!\n";
    print $out "{\n", join(",\n", @parts), "\n}\n";
    close($out) or die "$self->{file}.new: $!\n";
    rename("$self->{file}.new", $self->{file}) or die "$self->{file}: $!\n";
}


# Numbers to five digits.
sub _short($value) {
    return { map { $_ => _short($value->{$_}) } keys %$value } if ref $value eq 'HASH';
    return [ map { _short($_) } @$value ] if ref $value eq 'ARRAY';
    return $value if ref $value or not defined $value
        or $value !~ /\A-?\d+\.\d+(?:e[-+]?\d+)?\z/;
    return sprintf('%.5g', $value) + 0;
}


sub _machine() {
    my %cpu;

    open(my $info, '<', '/proc/cpuinfo') or die "/proc/cpuinfo: $!\n";

    while (<$info>) {
        $cpu{$1} = $2 if /^(model name|cpu MHz)\s*: (.*)$/;
        $cpu{cores}++ if /^processor\s*:/;
    }

    my ($memory) = qx(cat /proc/meminfo) =~ /^MemTotal:\s+(\d+) kB/m;
    my %versions = (nginx => qr/nginx\/(\S+)/, 'redis-server' => qr/v=(\S+)/,
        postgres => qr/(\d\S*)/, wrk => qr/(\d\S*)/, node => qr/v?(\d\S*)/);
    my $said = sub($command) { scalar qx($command 2>&1) };

    for my $program (keys %versions) {
        my $text = $said->(($program eq 'postgres' ? 'psql' : $program) . ' ' . ($program eq 'nginx' || $program eq 'wrk'
            ? '-v' : '--version'));

        $versions{$program} = $text =~ $versions{$program} ? $1 : undef;
    }

    my $lua = qx(dpkg-query -W -f '\${Version}' libnginx-mod-http-lua 2>/dev/null);

    $versions{'lua-nginx-module'} = $lua if $lua;
    delete @versions{ grep { not defined $versions{$_} } keys %versions };

    my ($load) = qx(cat /proc/loadavg) =~ /^(\S+)/;

    return { load => $load + 0, cpu => $cpu{'model name'} // 'unknown',
        cores => $cpu{cores},
        memory_mib => int($memory / 1024), kernel => (uname())[2],
        versions => \%versions };
}


1;
