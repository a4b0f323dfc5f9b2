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


sub _slurp($file) {
    open(my $in, '<', $file) or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}


# What its programs say of themselves: the command, and where the version stands.
my %PROGRAMS = (
    'lua-nginx-module' => [
        q(dpkg-query -W -f '${Version}' libnginx-mod-http-lua 2>&1), qr/\A(\d\S*)/ ],
    'nginx' => [ 'nginx -v 2>&1', qr{nginx/(\S+)} ],
    'node' => [ 'node --version 2>&1', qr/v(\d\S*)/ ],
    'postgres' => [ 'psql --version 2>&1', qr/\(PostgreSQL\) (\S+)/ ],
    'redis-server' => [ 'redis-server --version 2>&1', qr/v=(\S+)/ ],
    'wrk' => [ 'wrk -v 2>&1', qr/\Awrk \D*(\S+)/ ],
);

# A program that is not there has no version.
sub _machine() {
    my $cpus = _slurp('/proc/cpuinfo');
    my %versions;

    for my $name (keys %PROGRAMS) {
        my ($command, $pattern) = $PROGRAMS{$name}->@*;
        my $said = qx($command) // '';

        $versions{$name} = $1 if $said =~ $pattern;
    }

    return { load => (split(/ /, _slurp('/proc/loadavg')))[0] + 0,
        cpu => $cpus =~ /^model name\s*: (.*)$/m ? "$1" : 'unknown',
        cores => scalar(() = $cpus =~ /^processor\s*:/mg),
        memory_mib => _slurp('/proc/meminfo') =~ /^MemTotal:\s+(\d+) kB/m
            ? int($1 / 1024) : undef,
        kernel => (uname())[2], versions => \%versions };
}


1;
