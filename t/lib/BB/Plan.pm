# How PostgreSQL runs the project's statements: their plans, on tables as large as
# they grow.

package BB::Plan;

use v5.36;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use JSON::PP;
use List::Util qw(uniqstr);

our @EXPORT = qw(BULK fill plan_of plans_inside);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');

my %MODE = (custom => 'force_custom_plan', generic => 'force_generic_plan',
    auto => 'auto');

# Settings of a server that is given millions of rows.
use constant BULK => { maintenance_work_mem => '128MB', wal_level => 'minimal',
    max_wal_senders => 0, autovacuum => 'off' };


# Fills empty tables.  While $rows runs, no trigger fires and no foreign key is
# checked, and the tables have no index but those that a foreign key needs; then
# they have again what the migrations made.
sub fill($db, $tables, $rows) {
    my $before = _made($db, $tables);
    my @indexes = $db->rows(q{
        SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %s', i)
                ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', t, c.conname) END,
            CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i)
                ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', t, c.conname,
                    pg_get_constraintdef(c.oid)) END
        FROM (SELECT indrelid::regclass, indexrelid::regclass FROM pg_index) x (t, i)
        LEFT JOIN pg_constraint c ON c.conindid = i AND c.contype IN ('p', 'u')
        WHERE t = ANY (?::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint f
            WHERE f.conindid = i AND f.contype = 'f')}, $tables);

    # rows of a transaction that truncated the table need no log
    $db->handle()->begin_work();
    $db->do('SET LOCAL session_replication_role = replica');
    $db->do('TRUNCATE ' . join(', ', @$tables));
    $db->do($_->[0]) for @indexes;
    $rows->();
    $db->do($_->[1]) for @indexes;
    $db->handle()->commit();
    $db->do('VACUUM ANALYZE');

    my $after = _made($db, $tables);

    die "made:\n$before\nand after filling:\n$after\n" if $after ne $before;
}


# The plan of sql/$name.sql, run with these values and undone.
# mode: custom, made for these values; generic, made for any; auto, the one that
# the server has chosen after some runs
sub plan_of($db, $name, $mode, @values) {
    my $handle = $db->handle();
    my $execute = 'EXECUTE q';

    $execute .= ' (' . join(', ', map { $handle->quote($_) } @values) . ')' if @values;

    $db->do("SET plan_cache_mode = $MODE{$mode}");
    $db->do('PREPARE q AS ' . _statement($name));
    $handle->begin_work();

    # five custom plans come before the first generic one
    $db->value($execute) for 1 .. ($mode eq 'auto' ? 6 : 0);

    my $json = $db->value("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON)
        $execute");

    $handle->rollback();
    $db->do('DEALLOCATE q');

    return _plan(decode_json($json)->[0]{Plan});
}


# What a query answers and the plans of all statements that it runs, those of
# functions, triggers and foreign keys too; undone.  mode: custom or generic
sub plans_inside($db, $mode, $sql, @bind) {
    my $handle = $db->connect();
    my @plans;

    $handle->do("LOAD 'auto_explain'");
    $handle->do("SET $_") for "plan_cache_mode = $MODE{$mode}",
        map { "auto_explain.$_" } 'log_nested_statements = on', 'log_analyze = on',
            'log_timing = off', 'log_buffers = on', 'log_format = json',
            'log_level = warning', 'log_min_duration = 0';
    $handle->begin_work();
    $handle->{PrintWarn} = 1;

    local $SIG{__WARN__} = sub($text) {
        $text =~ /plan:\s*(\{.*\})/s or die $text;
        push @plans, _plan(decode_json($1)->{Plan});
    };
    my $answer = $handle->selectrow_array($sql, undef, @bind);

    $handle->rollback();       # only now does the query itself end
    $handle->disconnect();

    return ($answer, @plans);
}


# Blocks that were touched, found in memory or not.
sub blocks($self) {
    return $self->{root}{'Shared Hit Blocks'} + $self->{root}{'Shared Read Blocks'};
}


# Each node of the plan, the topmost first.
sub nodes($self) { return $self->{nodes}->@* }


# The indexes in the plan, also where it had no need to run.
sub indexes($self) {
    return uniqstr sort grep { defined } map { $_->{'Index Name'} } $self->nodes();
}


# The tables that the plan reads from end to end, or would.
sub whole($self) {
    return uniqstr sort map { $_->{'Relation Name'} }
        grep { $_->{'Node Type'} eq 'Seq Scan' } $self->nodes();
}


# For each place of the plan that has read the table: by which index, or none.
sub readers($self, $table) {
    return map { _index_of($_) || 'none' }
        grep { ($_->{'Relation Name'} // '') eq $table and $_->{'Actual Loops'}
            and $_->{'Node Type'} ne 'ModifyTable' } $self->nodes();
}


sub text($self) {
    return JSON::PP->new->canonical->pretty->encode($self->{root});
}


sub _plan($root) {
    return bless { root => $root, nodes => [ _below($root) ] }, __PACKAGE__;
}


sub _below($node) {
    return ($node, map { _below($_) } ($node->{Plans} // [])->@*);
}


# The index that a node reads by itself or through a bitmap.
sub _index_of($node) {
    return join(' ', grep { length } $node->{'Index Name'} // '',
        map { _index_of($_) } grep { $_->{'Node Type'} =~ /Bitmap/ }
            ($node->{Plans} // [])->@*);
}


sub _statement($name) {
    open(my $in, '<', "$ROOT/sql/$name.sql") or die "sql/$name.sql: $!\n";
    local $/;
    return <$in>;
}


# Indexes, constraints, columns and triggers of the tables, as text.
sub _made($db, $tables) {
    return join("\n", $db->column(q{
        SELECT made FROM unnest(?::regclass[]) t, LATERAL (
            SELECT pg_get_indexdef(indexrelid) || indisvalid
            FROM pg_index WHERE indrelid = t
            UNION ALL
            SELECT format('%s %s %s', t, conname, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE t IN (conrelid, confrelid)
            UNION ALL
            SELECT format('%s %s %s', t, attname, attnotnull)
            FROM pg_attribute WHERE attrelid = t AND attnum > 0
            UNION ALL
            SELECT pg_get_triggerdef(oid) || tgenabled::text
            FROM pg_trigger WHERE tgrelid = t AND NOT tgisinternal
        ) m (made)
        ORDER BY made}, $tables));
}


1;
