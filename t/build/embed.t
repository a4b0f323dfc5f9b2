# tools/embed: the embedded files are the files, byte for byte, and follow them.

use v5.36;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $ROOT = "$FindBin::Bin/../..";
my $dir = tempdir('bb-store-t-XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub slurp($file) {
    open(my $in, '<:raw', $file) or die "$file: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

sub spit($file, $text) {
    open(my $out, '>:raw', $file) or die "$file: $!\n";
    print $out $text;
    close($out) or die "$file: $!\n";
}


# what prints the tables: name, length and bytes of each entry

mkdir("$dir/include");
spit("$dir/include/ngx_config.h", "#include <stddef.h>\n#include <stdint.h>\n");
spit("$dir/include/ngx_core.h", "typedef uintptr_t ngx_uint_t;\n");
spit("$dir/print.c", <<'END');
#include <stdio.h>
#include "core/core_embed.h"

static int
print(const char *table, const bb_embed_t *entry, ngx_uint_t n)
{
    printf("%s %d\n", table, (int) n);

    for ( /* void */ ; n; n--, entry++) {
        printf("%s %d %d\n", entry->name, (int) entry->len,
               entry->text[entry->len]);
        fwrite(entry->text, 1, entry->len, stdout);
        putchar('\n');
    }

    return entry->name == NULL && entry->text == NULL;
}

int
main(void)
{
    return !(print("scripts", bb_embed_scripts, bb_embed_scripts_n)
             && print("statements", bb_embed_statements, bb_embed_statements_n)
             && print("migrations", bb_embed_migrations, bb_embed_migrations_n));
}
END

# Embeds a tree, compiles the result, and returns what that prints.
sub embedded($tree) {
    my $said = `$ROOT/tools/embed $tree $dir/core_embed.c 2>&1`;

    return "embed: $said" if $? or $said ne '';

    $said = `cc -Wall -Wextra -Werror -trigraphs -I$dir/include -I$ROOT/src \\
        -o $dir/print $dir/print.c $dir/core_embed.c 2>&1`;
    return "cc: $said" if $?;

    my $printed = `$dir/print`;
    return $? ? "print: $?" : $printed;
}

# What it should print: [ table, { name => text } ] for each table.
sub expected(@tables) {
    return join('', map {
        my ($table, $texts) = @$_;

        "$table " . keys(%$texts) . "\n", map {
            "$_ " . length($texts->{$_}) . " 0\n$texts->{$_}\n" } sort keys %$texts;
    } @tables);
}


# this tree

my (%scripts, %statements, %migrations);

$scripts{s{.*/}{}r =~ s/\.lua\z//r} = slurp($_) for glob("$ROOT/lua-scripts/*.lua");
$migrations{s{.*/}{}r =~ s/\.sql\z//r} = slurp($_)
    for glob("$ROOT/sql/migrations/*.sql");

for my $file (glob("$ROOT/sql/*/*.sql")) {
    my ($name) = $file =~ m{([^/]+/[^/]+)\.sql\z};

    $statements{$name} = slurp($file) if $name !~ m{\A(?:migrations|demo)/};
}

cmp_ok(scalar keys %$_, '>', 2, 'files') for \(%scripts, %statements, %migrations);
is(embedded($ROOT), expected([ scripts => \%scripts ], [ statements => \%statements ],
    [ migrations => \%migrations ]), 'the files of this tree');


# whatever a text can hold

my %odd = (
    quotes => qq("a" 'b' ""\n"\n),
    backslashes => qq(\\ \\\\ \\n \\t \\0 \\x41 \\" \\u00e9\n\\\n\\\\\n),
    tabs => qq(\ta\t1\t\t\n\t\n),
    trigraphs => qq(??( ??) ??/ ??= ??' ??< ??> ??! ??- ??? ???= ????/ ?\n??/\n??\n),
    comments => qq(/* // */ -- # %s %d %% \$1 \${x} `y`\n),
    unicode => qq(봄꽃집 — é 🌸\n\xc3\xa9\xef\xbb\xbf\n),
    control => qq(\x01\x02\x07\x08\x0b\x0c\x1b[0m\x7f\n),
    returns => qq(a\r\nb\r\n\r\n),
    spaces => qq(  a  \n   \n\n\n b\n\n),
    digits => qq(\t0\t7\\1\\09\n),
    long => join('', ('x' x 9000 . "\n") x 3),
    unended => qq(a\nb),
    one => 'a',
    newline => "\n",
    empty => '',
);

make_path(map { "$dir/odd/$_" } qw(lua-scripts sql/x sql/y/z sql/migrations sql/demo));
spit("$dir/odd/lua-scripts/$_.lua", $odd{$_}) for keys %odd;
spit("$dir/odd/sql/y/z/$_.sql", $odd{$_}) for keys %odd;
spit("$dir/odd/sql/x/a.sql", "SELECT 1\n");
spit("$dir/odd/sql/migrations/0001_a.sql", $odd{quotes});
spit("$dir/odd/$_", "none of them\n")
    for qw(sql/demo/a.sql sql/x/a.lua sql/x/a.sql~ lua-scripts/a.sql lua-scripts/a.txt);

for my $name (sort keys %odd) {
    make_path(map { "$dir/$name/$_" } qw(lua-scripts sql/migrations));
    spit("$dir/$name/lua-scripts/$name.lua", $odd{$name});
    is(embedded("$dir/$name"), expected([ scripts => { $name => $odd{$name} } ],
        [ statements => {} ], [ migrations => {} ]), $name);
}

is(embedded("$dir/odd"), expected([ scripts => \%odd ],
    [ statements => { 'x/a' => "SELECT 1\n",
        map { ("y/z/$_" => $odd{$_}) } keys %odd } ],
    [ migrations => { '0001_a' => $odd{quotes} } ]), 'all of them, nothing else');

done_testing();
