# The endpoint tables, as tools/endpoints prints them.

package BB::Endpoints;

use v5.36;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP;

our @EXPORT = qw(endpoints);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my %MOUNT = (public => '/stores', internal => '/client/stores');


# All rows, in the order of the tables; url: the path with its usual mount, without
# a slash at its end.
sub endpoints() {
    my $program = tempdir('bb-store-t-XXXXXX', TMPDIR => 1, CLEANUP => 1)
        . '/endpoints';

    local %ENV = %ENV;
    delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

    my $said = `make -C $ROOT --no-print-directory endpoints ENDPOINTS=$program 2>&1`;

    die "the tables are not compiled: $said\n" if $?;

    my @rows = decode_json(scalar `$program`)->@*;

    $_->{url} = $MOUNT{$_->{scope}} . $_->{path} =~ s{/\z}{}r for @rows;

    return @rows;
}


1;
