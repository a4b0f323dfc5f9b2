# tools/migrate brings a database to the newest schema: each file once, wholly or
# not at all, and nothing that it does not understand.

use v5.36;
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Postgres;
use BB::Process qw(await);

my $ROOT = "$FindBin::Bin/../..";
my $owner = $$;
my $dir = tempdir('bb-store-t-XXXXXX', TMPDIR => 1);

chmod(0755, $dir);
$SIG{$_} = sub { exit(1) } for qw(INT TERM HUP);

my $postgres = BB::Postgres->new(dir => "$dir/postgres", schema => 0);

END {
    local $?;

    if (defined $owner and $$ == $owner) {
        $postgres->stop() if $postgres;
        remove_tree($dir);
    }
}

$postgres->start();

# The tool reads the files beside itself.
make_path("$dir/tools");
copy("$ROOT/tools/migrate", "$dir/tools/migrate") or die "copy: $!\n";
chmod(0755, "$dir/tools/migrate");

my $FAILED = quotemeta('migrate: failed, see above; a file is applied wholly or not at'
    . " all, so run it again when the cause is gone\n");

my $database;                  # that of the scenario


# Makes a database and the files that are to be applied to it.
sub scenario($name, %files) {
    $postgres->do("CREATE DATABASE $name");
    $database = bless { %$postgres, database => $name, handle => undef },
        ref $postgres;
    files(%files);
}

# The migrations from now on; name => text.
sub files(%files) {
    remove_tree("$dir/sql");
    make_path("$dir/sql/migrations");
    file($_, $files{$_}) for keys %files;
}

sub file($name, $text) {
    open(my $out, '>', "$dir/sql/migrations/$name") or die "$name: $!\n";
    print $out $text;
    close($out) or die "$name: $!\n";
}

sub conninfo() {
    return $postgres->conninfo() =~ s/dbname=\w+/dbname=$database->{database}/r;
}

# Starts the tool; returns its process.
sub start($output, @arguments) {
    return BB::Process->start(argv => [ "$dir/tools/migrate", @arguments ],
        output => $output);
}

# Runs the tool; returns its wait status and what it said.
sub migrate(@arguments) {
    my $output = "$dir/output";
    my $process = start($output, @arguments ? @arguments : conninfo());

    await(60, sub { defined $process->ended() }) or die "migrate hangs\n";
    return ($process->ended(), take($output));
}

sub take($output) {
    open(my $in, '<', $output) or die "$output: $!\n";
    local $/;
    my $text = <$in> // '';

    unlink($output);
    return $text;
}

sub is_done($expected, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = migrate();

    is("$status: $said", '0: ' . join('', map { "migrate: $_\n" } @$expected), $name);
}

# said: a pattern for all of its words
sub is_refused($said, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $words) = migrate();

    isnt($status, 0, "$name: fails");
    like($words, qr/\A$said\z/s, "$name: says so");
}

sub applied() {
    return join(' ', $database->column(
        'SELECT name FROM schema_migration ORDER BY version'));
}

# Whether a table is there.
sub has($table) { return $database->value('SELECT to_regclass(?) IS NOT NULL', $table) }


# the files of the project

my @real = map { s{.*/}{}r } sort(glob("$ROOT/sql/migrations/*.sql"));

scenario('project');
copy("$ROOT/sql/migrations/$_", "$dir/sql/migrations/$_") or die "$_: $!\n" for @real;

my $version = @real;

is_done([ @real, "done, the database is at version $version" ],
    'applies each and says so');
is(applied(), join(' ', map { s/\.sql\z//r } @real), 'remembers each');
ok(has('coupon'), 'the schema is there');
is_done([ "nothing to do, the database is at version $version" ], 'a second time');


# one after the other

my %two = ('0001_a.sql' => "CREATE TABLE a (i int);\nINSERT INTO a VALUES (1);\n",
    '0002_b.sql' => "INSERT INTO a VALUES (2);\n");

scenario('in_order', '0001_a.sql' => $two{'0001_a.sql'});
is_done([ '0001_a.sql', 'done, the database is at version 1' ], 'the first file');
file('0002_b.sql', $two{'0002_b.sql'});
is_done([ '0002_b.sql', 'done, the database is at version 2' ], 'only what is new');
is(join(' ', $database->column('SELECT i FROM a ORDER BY i')), '1 2', 'each once');


# two at once: both wait for a third, then for each other

scenario('at_once', %two);

my $third = $database->connect();

$third->do("SELECT pg_advisory_lock(hashtext('bb_store schema_migration'))");

my @runs = map { start("$dir/run.$_", conninfo()) } 1, 2;

ok(await(20, sub { 2 == $database->value("SELECT count(*) FROM pg_locks l
        JOIN pg_database d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND NOT l.granted
          AND d.datname = current_database()") }), 'both wait');
ok((not has('a')), 'and have done nothing');
$third->disconnect();

for my $run (@runs) {
    ok(await(20, sub { defined $run->ended() }), 'ends');
    is($run->ended(), 0, 'well');
}

is(join('', sort map { take("$dir/run.$_") } 1, 2),
    join('', sort(
        "migrate: waiting for another run\nmigrate: 0001_a.sql\n"
            . "migrate: 0002_b.sql\nmigrate: done, the database is at version 2\n",
        "migrate: waiting for another run\n"
            . "migrate: nothing to do, the database is at version 2\n")),
    'one applies, the other finds nothing to do');
is(join(' ', $database->column('SELECT i FROM a ORDER BY i')), '1 2', 'each file once');


# a file that fails

scenario('failing', %two, '0003_c.sql' => "CREATE TABLE c (i int);\n\nSELECT 1 / 0;\n",
    '0004_d.sql' => "CREATE TABLE d (i int);\n");
is_refused(qr/(?:migrate: 000\d_[abc]\.sql\n){3}psql:0003_c\.sql:3: .*by zero\n$FAILED/,
    'a failing file');
is(applied(), '0001_a 0002_b', 'those before it stay');
ok((not has('c')), 'nothing of it is left');
ok((not has('d')), 'nothing after it was tried');
file('0003_c.sql', "CREATE TABLE c (i int);\n");
is_done([ '0003_c.sql', '0004_d.sql', 'done, the database is at version 4' ],
    'put right, it goes on from there');

# also when only the commit fails
file('0005_e.sql', "CREATE TABLE e (i int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);\n"
    . "INSERT INTO e VALUES (1), (1);\n");
is_refused(qr/migrate: 0005_e\.sql\n.*duplicate key.*$FAILED/s, 'a failing commit');
ok((not has('e')), 'nothing of it is left');
is(applied(), '0001_a 0002_b 0003_c 0004_d', 'nor remembered');


# what does not fit together

scenario('newer', %two);
is_done([ '0001_a.sql', '0002_b.sql', 'done, the database is at version 2' ],
    'two files');
files('0001_a.sql' => $two{'0001_a.sql'});
is_refused(qr/.*the database is at version 2, newer than these files \(1\).*/s,
    'an older release');
is(applied(), '0001_a 0002_b', 'changes nothing');

files(%two, '0001_a.sql' => "CREATE TABLE a (i bigint);\n",
    '0003_c.sql' => "CREATE TABLE c (i int);\n");
is_refused(qr/.*0001_a\.sql was changed after it was applied.*/s, 'a changed file');
ok((not has('c')), 'and nothing new is applied');

files('0001_z.sql' => $two{'0001_a.sql'}, '0002_b.sql' => $two{'0002_b.sql'});
is_refused(qr/.*0001_z\.sql was changed after it was applied.*/s, 'a renamed file');

files(%two);
$database->do('DELETE FROM schema_migration WHERE version = 1');
is_refused(qr/.*schema_migration lacks a row below version 2.*/s, 'a row is missing');


# files that it does not take; the database is not even asked

scenario('untouched');

for my $case (
    [ 'a gap', { %two, '0004_d.sql' => 'SELECT 1;' },
        qr/migrate: 0004_d\.sql: 0003 was expected;.*/s ],
    [ 'a double number', { %two, '0002_c.sql' => 'SELECT 1;' },
        qr/migrate: 0002_c\.sql: 0003 was expected;.*/s ],
    [ 'no first file', { '0002_b.sql' => 'SELECT 1;' },
        qr/migrate: 0002_b\.sql: 0001 was expected;.*/s ],
    [ 'a short number', { %two, '003_c.sql' => 'SELECT 1;' },
        qr/migrate: 003_c\.sql: not of the form NNNN_name\.sql\n/ ],
    [ 'an odd name', { %two, "0003_c'.sql" => 'SELECT 1;' },
        qr/migrate: 0003_c'\.sql: not of the form NNNN_name\.sql\n/ ],
    [ 'a transaction command', { %two, '0003_c.sql' => "SELECT 1;\nCOMMIT;\n" },
        qr/2:COMMIT;\nmigrate: 0003_c\.sql: plain SQL only, .*/s ],
    [ 'a psql command', { %two, '0003_c.sql' => "\\! true\n" },
        qr/1:\\! true\nmigrate: 0003_c\.sql: plain SQL only, .*/s ],
) {
    my ($name, $files, $said) = @$case;

    files(%$files);
    is_refused($said, $name);
}

ok((not has('schema_migration')), 'the database is untouched');


# how it is called

for my $case ([ 'no database' ], [ 'an empty name', '' ], [ 'two of them', 'a', 'b' ]) {
    my ($name, @arguments) = @$case;
    my $process = start("$dir/output", @arguments);

    ok(await(20, sub { defined $process->ended() }), "$name: ends");
    isnt($process->ended(), 0, "$name: fails");
    like(take("$dir/output"), qr/\Amigrate: name the database, such as /,
        "$name: says so");
}

files(%two);

my ($status, $said) = migrate(conninfo() =~ s/dbname=\w+/dbname=absent/r);

isnt($status, 0, 'no such database: fails');
like($said, qr/"absent" does not exist\n$FAILED\z/, 'no such database: says so');

done_testing();
