# A table as PostgreSQL has it: its columns, what its rows must obey, its indexes and
# its triggers.

package BB::Table;

use v5.36;
use Exporter qw(import);
use Test::More;

our @EXPORT = qw(is_table refuses);


# The table is exactly that.  expected: lines of "name type, null or default", then
# those of constraints and indexes without their names, then triggers, in any order
sub is_table($db, $table, $expected) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @made = $db->column(q{
        SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod),
            CASE WHEN attnotnull THEN 'not null' END,
            CASE attidentity WHEN 'd' THEN 'identity' WHEN 'a' THEN 'always' END,
            'default ' || pg_get_expr(adbin, adrelid))
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = $1::regclass
        UNION ALL
        SELECT regexp_replace(pg_get_indexdef(indexrelid), '.* USING btree', 'index')
        FROM pg_index WHERE indrelid = $1::regclass AND NOT EXISTS (
            SELECT FROM pg_constraint WHERE conindid = indexrelid)
        UNION ALL
        SELECT regexp_replace(pg_get_triggerdef(oid),
            'CREATE TRIGGER \S+ (.*) ON \S+', 'trigger \1')
        FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal},
        $table);
    my @wanted = map { s/\A\s+|\s+\z//gr } grep { /\S/ } split(/\n/, $expected);

    return is(join("\n", sort @made), join("\n", sort @wanted),
        "$table: as it is meant");
}


# PostgreSQL refuses the statement with that SQLSTATE.
sub refuses($db, $state, $name, $sql, @bind) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $done = eval { $db->do($sql, @bind) };

    return is(defined $done ? 'done' : $db->handle()->state(), $state, $name);
}


1;
