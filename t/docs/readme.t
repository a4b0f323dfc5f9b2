# The commands of README.md do what it prints, and what the pages name exists.

use v5.36;
use File::Find qw(find);
use File::Temp qw(tempdir);
use FindBin;
use IO::Socket::INET;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Port;

my $ROOT = "$FindBin::Bin/../..";
my $FIRST = 8700;                  # the ports in the pages: this one and six more

my @PAGES = ('README.md', map { s{\A\Q$ROOT\E/}{}r } glob("$ROOT/docs/*.md"));

sub slurp($file) {
    open(my $in, '<', "$ROOT/$file") or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

my %page = map { $_ => slurp($_) } @PAGES;
my %prose = map { $_ => $page{$_} =~ s/^```.*?^```$//msgr } @PAGES;


# what the pages name

my @files;

find({ no_chdir => 1, wanted => sub {
    my $name = $File::Find::name =~ s{\A\Q$ROOT\E/}{}r;

    if ($name =~ m{\A(?:\.git|\.run|build)\z}) {
        $File::Find::prune = 1;

    } elsif (-f) {
        push @files, $name;
    }
} }, $ROOT);

my %base = map { s{.*/}{}r => 1 } @files;
my $makefile = slurp('Makefile');
my $code = join('', map { slurp($_) } grep { /\.(?:c|h|sql)\z/ } @files);

# As GitHub makes them.
sub anchors($text) {
    return map { lc(s/[^\w\s-]//gr =~ s/ /-/gr) } $text =~ /^#+ (.*)$/mg;
}

for my $page (@PAGES) {
    my ($folder) = $page =~ m{\A(.*/)?[^/]+\z};
    my $where = $folder // '';
    my @links = $prose{$page} =~ /\]\(([^)]+)\)/g;

    cmp_ok(scalar @links, '>', 0, "$page: has links");

    for my $link (@links) {
        my ($file, $anchor) = $link =~ /\A([^#]*)(?:#(.*))?\z/;
        my $target = $file eq '' ? $page : "$where$file" =~ s{[^/]+/\.\./}{}r;

        ok(-e "$ROOT/$target", "$page: $link") or next;
        ok(scalar(grep { $_ eq $anchor } anchors(slurp($target))),
            "$page: $link has this heading") if defined $anchor;
    }

    for my $name ($prose{$page} =~ /`([^`\n]+)`/g) {
        next if $name =~ /[*<>…]/;

        if ($name =~ m{\A(?:src|t|docs|sql|lua-scripts|tools)/}) {
            ok(-e "$ROOT/$name", "$page: $name");

        } elsif ($name =~ /\A[a-z][\w-]*\.(?:c|h|lua|sql|t|md)\z/) {
            ok($base{$name}, "$page: $name");

        } elsif ($name =~ /\A(\w+)\(\)\z/) {
            like($code, qr/\b$1\(/, "$page: $name");

        } elsif ($name =~ /\Amake (\w+)(?!\w*=)\b/) {
            like($makefile, qr/^(?:[\w ]+ )?$1(?: [\w ]+)?:/m, "$page: $name");
        }
    }
}


# which domains are served

my ($tables) = slurp('ngx_bb_store_module.c') =~ /\*tables\[\] = \{([^}]*)\}/;
my @served = $tables =~ /\bbb_(\w+)_endpoints\b/g;
my ($today, $onward) = $page{'README.md'} =~ /^Served today: (.*?\.)(.*?)\n\n/ms;
my $rows = 0;

for my $domain (@served) {
    $rows += () = slurp("src/$domain/${domain}_endpoints.c") =~ /^ +\{ "[A-Z]+\d+",/mg;
}

is_deeply([ sort $today =~ /`(\w+)`/g ], [ sort @served ], 'domains served');
is_deeply([ sort map { $_ // () } $onward =~ /`(\w+)`/g ],
    [ grep { my $domain = $_; not grep { $_ eq $domain } @served }
        qw(cargo coupon question store) ], 'domains passed on');
like($today, qr/\b$rows endpoints/, 'endpoints');


# what README prints

my @tour;                          # [ command, what it prints ]

for my $block ($page{'README.md'} =~ /^```console\n(.*?)^```$/msg) {
    while ($block =~ /\G\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)/g) {
        push @tour, [ $1, $2 ];
    }
}

cmp_ok(scalar(grep { $_->[0] =~ /curl/ } @tour), '>=', 6, 'a tour');

# seven free ports in a row
my @ports = BB::Port::take();

while (@ports < 7) {
    my $port = BB::Port::take();

    @ports = $port == $ports[-1] + 1 ? (@ports, $port) : $port;
}

my $dir = tempdir('bb-store-t-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod(0755, $dir);

my $owner = $$;

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL TZ BB_UPSTREAM BB_PRODUCT_URL
    BB_WISHLIST_URL BB_ORDER_QUERY_URL BB_USER_URL)};
@ENV{qw(BB_PORT BB_RUN_DIR BB_WORKERS)} = ($ports[0], "$dir/run", 1);
$SIG{$_} = sub { exit(1) } for qw(INT TERM HUP);

sub make($target) {
    my $said = `make -C $ROOT --no-print-directory $target 2>&1`;

    is($?, 0, "make $target") or diag($said);
    return $said;
}

END {
    local $?;
    system("make -C $ROOT --no-print-directory reset >/dev/null 2>&1")
        if defined $owner and $$ == $owner and -d "$dir/run";
}

# The ports of this run instead of those of the page.
sub ported($text) {
    return $text =~ s/\b(870[0-6])\b/$1 - $FIRST + $ports[0]/ger;
}

# Without what differs from day to day and from machine to machine.
sub plain($text) {
    return $text =~ s/\r//gr =~ s/^Date: .*$/Date: -/mr =~ s{^(Server: nginx)/.*$}{$1}mr
        =~ s/\b\d{4}-\d\d-\d\d\b/0000-00-00/gr =~ s{(curl\\?/)[\d.]+}{$1-}gr
        =~ s/\A\n+|\n+\z//gr;
}

my $said = make('run');

like($said, qr/^bb_store runs\.$/m, 'make run says so');
like($said, qr{http://127\.0\.0\.1:$ports[0]/stores/}, 'and where');

my $script = join('', map {
    ported($tour[$_][0]) . "\nprintf '\\n<<%s>>\\n' $_\n" } 0 .. $#tour);

open(my $bash, '>', "$dir/tour") or die "tour: $!\n";
print $bash $script;
close($bash);

my @printed = split(/\n<<\d+>>\n/, `bash $dir/tour 2>&1`);

for my $i (0 .. $#tour) {
    my ($command, $expected) = $tour[$i]->@*;
    my ($name) = $command =~ /\A(.*)/;

    is(plain($printed[$i]), plain(ported($expected)), $name);
}


# the other commands

unlike(make('run'), qr/starting/, 'make run once more: starts nothing');
make('stop');
ok((not grep { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $_) } @ports),
    'nobody listens');
make('reset');
ok(not(-e "$dir/run"), 'its data is removed');

done_testing();
