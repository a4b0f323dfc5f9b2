# A private PostgreSQL server with the project's schema, and access to it.
#
# The data folder is made once per set of migrations, under build/, and copied
# for each test file, because initdb takes longer than most tests.

package BB::Postgres;

use v5.36;
use Cwd qw(abs_path);
use DBI;
use Digest::SHA qw(sha256_hex);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use POSIX ();

use BB::Port;
use BB::Process qw(children server_user);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $DATABASE = 'store';
my $SUPERUSER = 'postgres';

# small and quick; the zone differs from the service's on purpose
my %SETTINGS = (
    fsync => 'off', full_page_writes => 'off', shared_buffers => '32MB',
    max_connections => 100, min_wal_size => '4MB', max_wal_size => '64MB',
    timezone => 'UTC', log_timezone => 'UTC', lc_messages => 'C',
    listen_addresses => '127.0.0.1', logging_collector => 'off',
);


# dir: parent of its data; zone: time zone of db handles; conf: settings that
# replace the defaults; schema: 0 for an empty database
sub new($class, %o) {
    my $self = bless { dir => $o{dir}, port => BB::Port::take(),
        zone => $o{zone} // 'UTC', user => server_user(), database => $DATABASE,
        conf => { %SETTINGS, ($o{conf} // {})->%* } }, $class;

    _server_dir($self->{dir}, $self->{user});
    _copy_template("$self->{dir}/data", $o{schema} // 1);

    return $self;
}


sub port($self) { return $self->{port} }

sub pid($self) { return $self->{process}->pid() }


# For libpq: over TCP, or through the unix socket.
sub conninfo($self, %o) {
    my $host = $o{unix} ? $self->{dir} : '127.0.0.1';

    return "host=$host port=$self->{port} user=$SUPERUSER dbname=$DATABASE";
}


sub start($self) {
    my %conf = ($self->{conf}->%*, port => $self->{port},
        unix_socket_directories => $self->{dir});

    $self->{process} = BB::Process->start(
        argv => [ _program('postgres'), '-D', "$self->{dir}/data",
            map { ('-c', "$_=$conf{$_}") } sort keys %conf ],
        user => $self->{user}, output => "$self->{dir}/log", death => 'QUIT');

    $self->{process}->ready(30, sub { eval { $self->handle() } });

    return $self;
}


# mode: fast closes sessions in order, immediate breaks off as a crash would
sub stop($self, $mode = 'fast') {
    if (my $handle = delete $self->{handle}) {
        $handle->disconnect();
    }

    return 1 if not $self->{process};
    $self->resume();
    return $self->{process}->stop({ fast => 'INT', immediate => 'QUIT' }->{$mode}, 20);
}


# The server falls silent: all of its processes stop.
sub pause($self) {
    my $pid = $self->pid();

    kill('STOP', $pid);
    $self->{paused} = [ $pid, children($pid) ];
    kill('STOP', $self->{paused}->@*);
}


sub resume($self) {
    kill('CONT', reverse((delete $self->{paused} // [])->@*));
}


sub restart($self, $mode = 'fast') {
    $self->stop($mode);
    return $self->start();
}


# A database handle that dies on errors; text goes in and comes out as bytes.
sub connect($self) {
    my $handle = DBI->connect("dbi:Pg:host=$self->{dir};port=$self->{port};"
            . "dbname=$self->{database};application_name=test", $SUPERUSER, '',
        { RaiseError => 1, PrintError => 0, AutoCommit => 1,
            AutoInactiveDestroy => 1, pg_enable_utf8 => 0 });

    $handle->do("SET client_min_messages = warning; SET timezone = '$self->{zone}'");
    return $handle;
}


sub handle($self) { return $self->{handle} //= $self->connect() }


sub do($self, $sql, @bind) { return $self->handle()->do($sql, undef, @bind) }


# All rows, each a reference to a list of columns.
sub rows($self, $sql, @bind) {
    return $self->handle()->selectall_arrayref($sql, undef, @bind)->@*;
}


# The first column of all rows.
sub column($self, $sql, @bind) {
    return $self->handle()->selectcol_arrayref($sql, undef, @bind)->@*;
}


# The first column of the first row.
sub value($self, $sql, @bind) {
    return scalar $self->handle()->selectrow_array($sql, undef, @bind);
}


# Keeps everybody else from issuing these coupons until the returned handle is
# rolled back.
sub hold_coupons($self, @ids) {
    my $handle = $self->connect();

    $handle->begin_work();
    $handle->do('SELECT FROM coupon WHERE id = ANY (?) FOR UPDATE', undef, \@ids);

    return $handle;
}


# Ends the sessions of the module's workers; returns how many there were.
sub drop_clients($self) {
    return $self->value("SELECT count(pg_terminate_backend(pid))
        FROM pg_stat_activity WHERE application_name <> 'test'
        AND backend_type = 'client backend'");
}


sub _program($name) {
    my ($dir) = sort { $b cmp $a } grep { -x "$_/postgres" }
        glob('/usr/lib/postgresql/*/bin');

    $dir // die "PostgreSQL is not installed (Debian's postgresql-15)\n";
    return "$dir/$name";
}


sub _server_dir($dir, $user) {
    make_path($dir);
    chmod(0755, $dir) or die "chmod $dir: $!\n";

    if (defined $user) {
        my ($uid, $gid) = (getpwnam($user))[2, 3];

        chown($uid, $gid, $dir) or die "chown $dir: $!\n";
    }
}


sub _run(@command) {
    my $pid = open(my $output, '-|') // die "fork: $!\n";

    if ($pid == 0) {
        open(STDERR, '>&', \*STDOUT);
        exec(@command) or POSIX::_exit(127);
    }

    my $text = do { local $/; <$output> } // '';

    close($output) or die "@command failed:\n$text\n";
}


# The lock is held alone to make the template, and shared to copy it.
sub _copy_template($data, $schema) {
    my $cache = ($ENV{BB_TEST_CACHE} // "$ROOT/build/t") . ($> ? "-$>" : '');
    my $sum = sha256_hex(join("\0", _program('postgres'), $schema,
        map { my $file = $_; open(my $in, '<', $file) or die "$file: $!\n";
            local $/; ($file, <$in>) }
            ($schema ? glob("$ROOT/sql/migrations/*.sql") : (), __FILE__)));
    my $template = "$cache/postgres-$schema-" . substr($sum, 0, 16);

    make_path($cache);
    open(my $lock, '>>', "$cache/lock") or die "$cache/lock: $!\n";
    flock($lock, LOCK_SH);

    if (not -d $template) {
        flock($lock, LOCK_EX);

        if (not -d $template) {
            remove_tree(glob("$cache/postgres-$schema-*"));
            _make_template($template, $schema);
        }

        flock($lock, LOCK_SH);
    }

    _run('cp', '-a', $template, $data);
}


# Made in a folder that the server's user can reach, then moved into place.
sub _make_template($template, $schema) {
    my $user = server_user();
    my $dir = File::Temp->newdir('bb-store-template-XXXXXX', TMPDIR => 1);
    my @as = defined $user ? ('setpriv', '--reuid', $user, '--regid',
        (getgrgid((getpwnam($user))[3]))[0], '--clear-groups', '--') : ();

    chmod(0755, $dir);

    my $self = bless { dir => "$dir/pg", port => BB::Port::take(),
        zone => 'UTC', user => $user, database => 'postgres',
        conf => { %SETTINGS } }, __PACKAGE__;

    _server_dir($self->{dir}, $user);
    _run(@as, _program('initdb'), '-D', "$self->{dir}/data", '-U', $SUPERUSER,
        '-A', 'trust', '-E', 'UTF8', '--no-locale', '--wal-segsize=1', '-N');

    my $ok = eval {
        $self->start();
        $self->do("CREATE DATABASE $DATABASE");
        _run("$ROOT/tools/migrate", $self->conninfo()) if $schema;
        $self->stop('fast') or die "PostgreSQL did not stop\n";
    };
    my $error = $@;

    if (not $ok) {
        $self->stop('immediate');
        die $error;
    }

    remove_tree("$template.new");
    _run('cp', '-a', "$self->{dir}/data", "$template.new");
    rename("$template.new", $template) or die "rename $template: $!\n";
}


1;
