# The config file, as nginx's configure reads it: what is missing is named, the
# module can be a part of nginx or a file of its own, and embedded files are
# followed.

use v5.36;
use Cwd qw(abs_path);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $ROOT = abs_path("$FindBin::Bin/../..");
my $SOURCE = $ENV{NGINX_SRC} // '/usr/share/nginx/src';
my $dir = abs_path(tempdir('bb-store-t-XXXXXX', TMPDIR => 1, CLEANUP => 1));

my $tree = "$dir/tree";

mkdir($tree) or die "$tree: $!\n";
system('cp', '-a', map({ "$ROOT/$_" } qw(config config.make lua-scripts sql src tools)),
    glob("$ROOT/*.[ch]"), "$tree/") == 0 or die "cp\n";

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

sub slurp($file) {
    open(my $in, '<', $file) or return '';
    local $/;
    return <$in> // '';
}

sub spit($file, $text) {
    open(my $out, '>', $file) or die "$file: $!\n";
    print $out $text;
    close($out) or die "$file: $!\n";
}

# The module's sources, but for those that configure makes.
my @sources = (glob("$tree/*.c"), sort(glob("$tree/src/*/*.c")));

cmp_ok(scalar @sources, '>', 20, 'sources');


# libraries

# Reads config as configure does, with nginx's own test of features; "absent": a
# header that cannot be used.
sub config($absent) {
    my $objs = "$dir/absent";

    make_path($objs);
    system('rm', '-rf', "$dir/include");
    make_path("$dir/include/" . ($absent =~ m{(.*)/} ? $1 : ''));
    spit("$dir/include/$absent", "#error absent\n");
    spit("$dir/config.sh", <<"END");
cd $SOURCE
ngx_n=-n ngx_c= CC=cc CC_TEST_FLAGS="-I $dir/include"
NGX_OBJS=$objs NGX_AUTOTEST=$objs/autotest NGX_AUTOCONF_ERR=$objs/autoconf.err
NGX_INCLUDE_UNISTD_H="#include <unistd.h>"
ngx_addon_dir=$tree
. \$ngx_addon_dir/config
END

    my $said = `sh $dir/config.sh 2>&1`;
    return ($?, $said);
}

for my $case (
    [ 'hiredis/async.h', 'hiredis', 'libhiredis-dev' ],
    [ 'libpq-fe.h', 'libpq with pipeline mode', 'libpq-dev' ],
    [ 'jansson.h', 'jansson', 'libjansson-dev' ],
) {
    my ($header, $name, $package) = @$case;
    my ($status, $said) = config($header);

    is($status >> 8, 1, "without $header: stops");
    my $error = "error: ngx_bb_store_module needs $name; install the package"
        . " $package\n(Debian's name) or name its folders with --with-cc-opt and"
        . " --with-ld-opt.\n\n";

    like($said, qr/^checking for \Q$name\E \.\.\. not found\n\n.*\Q$error\E\z/m,
        "without $header: says what to install");
    ok((not -e "$dir/absent/bb_store"), "without $header: makes nothing");
}


# configure, with what takes no time

sub configure($way) {
    my $said = `cd $SOURCE && ./configure --builddir=$dir/$way --$way=$tree \\
        --without-http_rewrite_module --without-http_gzip_module 2>&1`;

    is($?, 0, "--$way") or diag($said);
    like($said, qr/^ \+ ngx_bb_store_module was configured$/m, "--$way: says so");
    return slurp("$dir/$way/Makefile");
}

for my $way (qw(add-module add-dynamic-module)) {
    my $makefile = configure($way);
    my %compiled = map { $_ => 1 } $makefile =~ /^\t+(?:-o \S+ )?(\S+\.c)\b/mg;
    my @missing = grep { not $compiled{$_} } @sources,
        "$dir/$way/bb_store/core_embed.c";

    is("@missing", '', "--$way: all sources are compiled");
    like($makefile, qr/-lhiredis -lpq -ljansson/, "--$way: the libraries are linked");
}

like(slurp("$dir/add-module/ngx_modules.c"), qr/^ *&ngx_bb_store_module,$/m,
    'a part of nginx');
unlike(slurp("$dir/add-dynamic-module/ngx_modules.c"), qr/ngx_bb_store_module/,
    'not a part of nginx');
like(slurp("$dir/add-dynamic-module/ngx_bb_store_module_modules.c"),
    qr/^ *&ngx_bb_store_module,$/m, 'a file of its own');
like(slurp("$dir/add-dynamic-module/Makefile"),
    qr{^modules:.*\Q$dir/add-dynamic-module/ngx_bb_store_module.so\E$}m,
    'which is made');

# one that filters answers comes after nginx's own that do
my ($order) = slurp("$dir/add-module/ngx_modules.c")
    =~ /^char \*ngx_module_names\[\] = \{(.*?)^\}/ms;

my @place = map { index($order, qq("ngx_$_")) }
    qw(http_userid_filter_module bb_store_module http_copy_filter_module);

ok((0 < $place[0] and $place[0] < $place[1] and $place[1] < $place[2]),
    'its place among the filters');


# the embedded files

my $embedded = "$dir/add-dynamic-module/bb_store/core_embed.c";
my $make = "make -C $SOURCE -f $dir/add-dynamic-module/Makefile";

sub is_current() { return system("$make -q $embedded >/dev/null 2>&1") == 0 }

# An instant before what is changed next, for files and folders alike.
sub age($at) {
    system('find', map({ "$tree/$_" } qw(lua-scripts sql tools)), '-exec', 'touch',
        '-d', $at, '{}', '+') == 0 or die "touch\n";
    system('touch', '-d', $at, $embedded) == 0 or die "touch\n";
}

# Makes a change; the embedded files are then made again.
sub follows($name, $change, $pattern) {
    age('-1 hour');
    ok(is_current(), "$name: nothing to do before");
    $change->();
    ok((not is_current()), "$name: noticed");

    my $said = `$make $embedded 2>&1`;

    is($?, 0, "$name: made again") or diag($said);
    like(slurp($embedded), $pattern, "$name: as it is now");
}

follows('a script', sub { spit("$tree/lua-scripts/coupon_issue.lua", "-- changed\n") },
    qr/"coupon_issue",\n *"-- changed\\n"\n/);
follows('a statement', sub { spit("$tree/sql/coupon/count.sql", "-- other\n") },
    qr{"coupon/count",\n *"-- other\\n"\n});
follows('a migration',
    sub { spit("$tree/sql/migrations/0001_schema.sql", "-- third\n") },
    qr/"0001_schema",\n *"-- third\\n"\n/);
follows('a new file', sub { spit("$tree/lua-scripts/added.lua", "-- new\n") },
    qr/"added",\n *"-- new\\n"\n/);
follows('the generator', sub { system('touch', "$tree/tools/embed") }, qr/"added",/);
follows('a file that was removed', sub { unlink("$tree/sql/coupon/count.sql") },
    qr{\A(?!.*"coupon/count")}s);

done_testing();
