# docs/directives.md has every directive of the module's table, with the contexts
# and defaults of the source, and its examples pass nginx -t.

use v5.36;
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $ROOT = "$FindBin::Bin/../..";

sub slurp($file) {
    open(my $in, '<', "$ROOT/$file") or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

# A number as C, nginx or we write it: 16384, "128 * 1024", "128k", "3s".
sub number($text) {
    my %unit = (k => 1024, m => 1024 * 1024, ms => 1, s => 1000);

    return $1 * $unit{$2} if $text =~ /\A(\d+)(k|m|ms|s)\z/;

    my $product = 1;

    $product *= $_ for $text =~ /\d+/g;
    return $product;
}


# what the source says

my $source = slurp('ngx_bb_store_directives.c');
my ($table) = $source =~ /ngx_bb_store_commands\[\] = \{(.*?)ngx_null_command/s;
my %context = (MAIN => 'http', SRV => 'server', LOC => 'location');
my (%code, %variable);

for ($table =~ /\{ (ngx_string\("bb_store.*?) \},/sg) {
    my ($name, $flags) = /ngx_string\("(\w+)"\),\s*([\w|\s]+),/;

    $code{$name} = [ map { $context{$_} } $flags =~ /NGX_HTTP_(MAIN|SRV|LOC)_CONF/g ];
    $variable{$name} = $1 if /offsetof\(\w+, (\w+)\)/;
}

cmp_ok(scalar keys %code, '>=', 16, 'the table is read');

my %default;

for ($source =~ /ngx_conf_(?:init|merge)_\w+_value\(([^;]*)\);/g) {
    my ($field, $value) = /\A\w+->(\w+),(?:\s*prev->\w+,)?\s*(.+)\z/s or next;
    $default{$field} = $value;
}

my %word = (BB_ACK_COMMIT => 'commit');


# what the page says

my $page = slurp('docs/directives.md');
my ($intro, @sections) = split(/^## /m, $page);
my %doc;

for (@sections) {
    my ($name) = /\A(\w+)/;

    next if $name !~ /\Abb_store/;

    $doc{$name} = { text => $_, /^\| (Syntax|Default|Context): \| (.*) \|$/mg };
}

is_deeply([ sort keys %doc ], [ sort keys %code ], 'documented are those that exist');

for my $name (sort keys %code) {
    my $doc = $doc{$name} // next;

    is($doc->{Context}, join(', ', map { "`$_`" } $code{$name}->@*), "$name: contexts");
    like($doc->{Syntax}, qr/\A`\Q$name\E\b.*;`\z/, "$name: syntax");
    like($intro, qr/\[$name\]\(#$name\)/, "$name: in the list");
    like($doc->{text}, qr/^```nginx\n(?:(?!```).)*\b$name\b/ms, "$name: an example");

    my $value = $default{$variable{$name} // ''} // next;
    my ($shown) = $doc->{Default} =~ /\A`$name (\S+);`\z/;

    ok(defined $shown, "$name: a default") or next;

    if (exists $word{$value}) {
        is($shown, $word{$value}, "$name: its value");

    } elsif ($shown =~ /\A(?:on|off)\z/) {
        is($shown, $value ? 'on' : 'off', "$name: its value");

    } else {
        is(number($shown), number($value), "$name: its value");
    }

    delete $default{$variable{$name}};
}

is_deeply([ keys %default ], [], 'no default is left out');

# set in the source in ways of their own
my ($zone) = $source =~ /ngx_str_set\(&name, "(\w+)"\)/;
my ($size) = $source =~ /define BB_ZONE_SIZE\s+\((.*)\)/;
my ($shown_zone, $shown_size) = $doc{bb_store_zone}{Default} =~ /(\w+):(\w+);/;

is($shown_zone, $zone, 'bb_store_zone: name');
is(number($shown_size), number($size), 'bb_store_zone: size');

my ($header) = $source =~ /ngx_str_set\(&conf->user_header, "(\w+)"\)/;

is($doc{bb_store_user}{Default}, "`bb_store_user \$http_$header;`", 'bb_store_user');


# parameters

sub parameters($name) {
    my %row = $doc{$name}{text} =~ /^\| `(\w+)=` \| (.*?) \|/mg;

    return \%row;
}

sub is_parameters($name, $file, %values) {
    my $text = slurp($file);
    my %known = map { $_ => 1 } $text =~ /"(\w+)="/g;

    delete $known{db};       # in the URL

    my $shown = parameters($name);
    my ($syntax) = $doc{$name}{Syntax};

    is_deeply([ sort keys %$shown ], [ sort keys %known ], "$name: its parameters");
    is_deeply([ sort $syntax =~ /(\w+)=/g ], [ sort keys %known ], "$name: its syntax");

    for my $parameter (sort keys %values) {
        my ($value) = $text =~ $values{$parameter};

        is(number($shown->{$parameter} =~ s/`//gr), $value, "$name: $parameter=");
    }
}

is_parameters('bb_store_redis', 'src/redis/redis_conf.c',
    timeout => qr/BB_REDIS_CONF_TIMEOUT\s+(\d+)/,
    connect_timeout => qr/BB_REDIS_CONF_CONNECT_TIMEOUT\s+(\d+)/,
    queue => qr/BB_REDIS_CONF_QUEUE\s+(\d+)/);
is_parameters('bb_store_postgres', 'src/postgres/postgres_conf.c',
    map { $_ => qr/conf->$_ = (\d+);/ } qw(connections timeout connect_timeout queue));

my $call = slurp('src/call/call_conf.c');
my ($params) = $call =~ /bb_breaker_params\[\] = \{(.*?)\{ ngx_null_string/s;
my %preset = $params =~ /ngx_string\("(\w+)="\).*?, (\d+) \}/sg;
my $breaker = parameters('bb_store_breaker');
my %minute = map { $_ => $breaker->{$_} =~ /\A`(\d+)m`\z/ ? $1 * 60_000 : undef }
    keys %$breaker;

is_deeply({ map { $_ => $minute{$_} // number($breaker->{$_} =~ s/[`%]//gr) }
    keys %$breaker }, \%preset, 'bb_store_breaker: its parameters and defaults');
is_deeply([ sort $doc{bb_store_breaker}{Syntax} =~ /(\w+)=/g ], [ sort keys %preset ],
    'bb_store_breaker: its syntax');

my ($operations) = $call =~ /bb_call_names\[\w+\] = \{(.*?)\};/s;
my ($unguarded, @guarded) = $operations =~ /"(\w+)"/g;

like($doc{bb_store_breaker}{text}, qr/`$_`/, "bb_store_breaker: $_") for @guarded;
unlike($doc{bb_store_breaker}{text}, qr/`$unguarded`/, "bb_store_breaker: no more");

my ($options) = slurp('src/postgres/postgres_conf.c')
    =~ /conf_defaults\[\] = \{(.*?)\{ NULL/s;
my %option = $options =~ /\{ "(\w+)", "(\w+)" \}/g;
my %words = (keepalives_idle => "after $option{keepalives_idle} s",
    keepalives_interval => "every $option{keepalives_interval} s",
    keepalives_count => { 3 => 'three times' }->{$option{keepalives_count}});

for my $name (sort keys %option) {
    like($doc{bb_store_postgres}{text} =~ s/\s+/ /gr,
        qr/\Q@{[ $words{$name} \/\/ "$name=$option{$name}" ]}\E/, "libpq's $name");
}


# examples

my $t = BB::Test->new(nginx => 0)->run();
my $dir = $t->dir() . '/nginx';
my $n = 0;

$ENV{BB_POSTGRES_PASSWORD} = 'x';
make_path("$dir/store-scripts");

for my $file (qw(redis.password postgres.password)) {
    open(my $out, '>', "$dir/$file") or die "$file: $!\n";
    print $out "secret\n";
    close($out);
}

sub example($text) {
    my ($main, $http, $server) = ('', '', '');

    if ($text =~ /\A(.*?)^http \{\n(.*)^\}\n\z/ms) {
        ($main, $http) = ($1, $2);

    } elsif ($text =~ /\Alocation /) {
        $server = $text;

    } else {
        $http = $text;
    }

    $http .= "bb_store_redis redis://127.0.0.1;\n" if $http !~ /bb_store_redis/;
    $http .= "bb_store_postgres dbname=store;\n" if $http !~ /bb_store_postgres/;

    my $conf = <<"END";
load_module @{[ $ENV{BB_MODULE} // "$ROOT/build/ngx_bb_store_module.so" ]};
pid $dir/pid;
error_log $dir/example.log;
$main
events { }
http {
    access_log off;
    client_body_temp_path $dir/t1;
    proxy_temp_path $dir/t2;
    fastcgi_temp_path $dir/t3;
    uwsgi_temp_path $dir/t4;
    scgi_temp_path $dir/t5;
    $http
    server {
        listen 127.0.0.1:@{[ $t->nginx()->port('public') ]};

        location /served/ { bb_store coupon; }
        $server
    }
}
END

    my %port = (8701 => 'internal', 8702 => 'ops');

    return $conf =~ s{/etc/nginx/}{$dir/}gr
        =~ s{listen 127\.0\.0\.1:(870[12]);}
            {"listen 127.0.0.1:" . $t->nginx()->port($port{$1}) . ';'}ger;
}

for my $section (@sections) {
    my ($name) = $section =~ /\A(.*)/;

    for my $text ($section =~ /^```nginx\n(.*?)^```$/msg) {
        my $file = "$dir/example" . ++$n . '.conf';

        open(my $out, '>', $file) or die "$file: $!\n";
        print $out example($text);
        close($out);

        my @command = ($ENV{BB_NGINX} // '/usr/sbin/nginx', '-t', '-q', '-p', "$dir/",
            '-c', $file, '-e', "$dir/example.log");
        my $said = `@command 2>&1`;

        is($? . $said, '0', "example $n: $name");
    }
}

cmp_ok($n, '>=', scalar keys %doc, 'examples were found');

$t->done();
