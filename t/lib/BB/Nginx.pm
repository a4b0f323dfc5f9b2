# A private nginx with the module: its configuration, processes and logs.

package BB::Nginx;

use v5.36;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();

use BB::Port;
use BB::Process qw(await children is_alive scaled server_user);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $SERVER = $ENV{BB_NGINX} // '/usr/sbin/nginx';
my $MODULE = abs_path($ENV{BB_MODULE} // "$ROOT/build/ngx_bb_store_module.so");

my $QUIT_TIME = 20;      # seconds, within which a worker that owes nothing ends

# the module's, where a configuration names none
my %DEADLINES = (
    redis_args => { 'timeout=' => '1s', 'connect_timeout=' => '1s' },
    postgres_args => { 'timeout=' => '3s', 'lock_timeout=' => '5s',
        'connect_timeout=' => '2s' },
    http => { 'bb_store_coupon_timeout ' => '3s;', 'bb_store_call_timeout ' => '3s;' },
);

# what nginx hands on to a binary that takes its place
my @ENV = grep { defined $ENV{BB_CHECK} and $ENV{BB_CHECK} eq 'asan' }
    qw(LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS);

# lines that no test may leave in a log
my @FAULTS = (
    qr/\[alert\]/, qr/\[emerg\]/, qr/exited on signal/, qr/AddressSanitizer/,
    qr/LeakSanitizer/, qr/runtime error:/, qr/ERROR SUMMARY: [1-9]/,
    qr/definitely lost: [1-9]/,
);


# dir, redis, postgres (servers), zone, upstream (port), and what a test sets:
# workers, domains, log (level), redis_url, conninfo (other than the servers'), shared
# (the zone),
# redis_args, postgres_args; main, http, server, location, internal, ops: more
# text for that level, in which %%public%%, %%internal%%, %%ops%% and
# %%upstream%% stand for ports
sub new($class, %o) {
    my $self = bless { workers => 1, domains => 'coupon', log => 'info',
        shared => 'bb:8m',
        (map { $_ => '' } qw(redis_args postgres_args main http server location
            internal ops)),
        %o, excused => [], seen => {},
        ports => { map { $_ => BB::Port::take() } qw(public internal ops) } },
        $class;

    make_path($self->{dir});
    chmod(0755, $self->{dir});
    $self->_take_reports() if $ENV{BB_CHECK};
    return $self;
}


# Under a checker (see tools/check): a folder for what it reports, which stays.
sub _take_reports($self) {
    my $name = basename(dirname($0)) . '-' . basename($0, '.t');

    $self->{reports} = $ENV{BB_REPORTS} = tempdir("$name-XXXX",
        DIR => $ENV{BB_CHECK_DIR});
    chmod(01777, $self->{reports});
}


# name: public, internal or ops
sub port($self, $name) { return $self->{ports}{$name} }

sub pid($self) { return $self->{process}->pid() }

sub error_log($self) { return "$self->{dir}/error.log" }


sub conf($self, %more) {
    my $user = server_user();
    my %o = ($self->%*, %more, env => join(' ', map { "env $_;" } @ENV),
        user => defined $user ? 'user nobody nogroup;' : '');
    my $onward = $o{upstream} ? "proxy_pass http://127.0.0.1:$o{upstream};" : '';
    my $redis = $o{redis_url} // 'redis://127.0.0.1:' . $o{redis}->port() . '/0';
    my $postgres = $o{conninfo} // $o{postgres}->conninfo();

    my $conf = <<"END";
daemon off;
master_process on;
$o{user}
worker_processes $o{workers};
pid $o{dir}/nginx.pid;
error_log $o{dir}/error.log $o{log};
load_module $MODULE;
env TZ=$o{zone};
$o{env}
$o{main}

events { worker_connections 2048; }

http {
    access_log off;
    client_body_temp_path $o{dir}/client_body;
    proxy_temp_path $o{dir}/proxy;
    fastcgi_temp_path $o{dir}/fastcgi;
    uwsgi_temp_path $o{dir}/uwsgi;
    scgi_temp_path $o{dir}/scgi;
    keepalive_requests 1000000;

    bb_store_zone $o{shared};
    bb_store_redis $redis $o{redis_args};
    bb_store_postgres "$postgres" $o{postgres_args};
    $o{http}

    server {
        listen 127.0.0.1:$o{ports}{public} default_server;
        $o{server}

        location /stores/ { bb_store $o{domains}; $o{location} $onward }
        location = /stores { bb_store $o{domains}; $o{location} $onward }
    }

    server {
        listen 127.0.0.1:$o{ports}{internal};

        location /client/stores { bb_store_internal $o{domains}; $o{internal} }
    }

    server {
        listen 127.0.0.1:$o{ports}{ops};

        location / { bb_store_ops; $o{ops} }
    }
}
END

    return $conf =~ s/%%(\w+)%%/$o{ports}{$1} \/\/ $o{upstream}/ger;
}


# The configuration to run with: deadlines are scaled, also those that it leaves to
# the module, and the age of which claims are taken for lost.
sub scaled_conf($self) {
    return $self->conf() if scaled(1) == 1;

    my %o = map { $_ => $self->{$_} } keys %DEADLINES;

    for my $level (keys %o) {
        my %default = $DEADLINES{$level}->%*;

        for my $name (grep { $o{$level} !~ /(?<!\w)$_/ } sort keys %default) {
            $o{$level} .= " $name$default{$name}";
        }
    }

    return $self->conf(%o) =~ s{
        (?: (?<!\w)(?:connect_|lock_)?timeout=
          | \bbb_store_(?:coupon_timeout|call_timeout|sweep)[ ] )
        \K (\d+)(ms|s) \b}{ scaled($2 eq 's' ? $1 * 1000 : $1) . 'ms' }gerx;
}


# Tests a configuration that differs in %more, with logs of its own; returns what
# nginx -t says, '' if all is well.  without: a directive of the http level that
# is left out
sub check($self, %more) {
    my ($conf, $log) = map { "$self->{dir}/check.$_" } qw(conf log);
    my $text = $self->conf(%more) =~ s/^error_log .*$/error_log $log info;/mr;

    $text =~ s/^ {4}$more{without} .*$//m if $more{without};

    open(my $out, '>', $conf) or die "$conf: $!\n";
    print $out $text;
    close($out) or die "$conf: $!\n";

    my $pid = open(my $said, '-|') // die "fork: $!\n";

    if ($pid == 0) {
        open(STDERR, '>&', \*STDOUT);
        exec($SERVER, '-t', '-q', '-p', "$self->{dir}/", '-c', $conf, '-e', $log)
            or POSIX::_exit(127);
    }

    my $words = do { local $/; <$said> } // '';

    close($said);
    return $? ? $words || 'nginx failed without a word' : '';
}


# Writes the configuration, after changes of what a test sets.
sub configure($self, %o) {
    $self->@{ keys %o } = values %o;

    open(my $conf, '>', "$self->{dir}/nginx.conf") or die "nginx.conf: $!\n";
    print $conf $self->scaled_conf();
    close($conf) or die "nginx.conf: $!\n";
}


sub start($self) {
    $self->configure();

    $self->{process} = BB::Process->start(
        argv => [ $SERVER, '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf",
            '-e', $self->error_log() ],
        output => "$self->{dir}/output", death => 'TERM');

    $self->{process}->ready(30, sub {
        $self->workers() == $self->{workers}
            and IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                PeerPort => $self->port('ops'));
    });

    return $self;
}


# All processes of the master, those on their way out included.
sub workers($self) {
    my @pids = children($self->pid());

    $self->{seen}{$_} = 1 for @pids;
    return @pids;
}


# Starts new workers; returns the old ones, which end when they are done.
sub reload($self) {
    my %old = map { $_ => 1 } $self->workers();

    $self->{process}->signal('HUP');
    await(10, sub {
        grep({ not $old{$_} } $self->workers()) >= $self->{workers};
    }) or die "nginx did not reload:\n" . $self->log_text();

    return keys %old;
}


# Changes what a test sets; returns when the old workers are gone.
sub reconfigure($self, %o) {
    $self->configure(%o);
    my @old = $self->reload();

    $self->gone(@old) or die "old workers stay: @old\n";
}


# What nginx -T prints of the configuration in use.
sub shown($self) {
    my $pid = open(my $said, '-|') // die "fork: $!\n";

    if ($pid == 0) {
        open(STDERR, '>&', \*STDOUT);
        exec($SERVER, '-T', '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf")
            or POSIX::_exit(127);
    }

    my $text = do { local $/; <$said> } // '';

    close($said) or die "nginx -T failed:\n$text";
    return $text;
}


sub are_alive($self, @pids) { return not grep { not is_alive($_) } @pids }


# True if the workers end by themselves in time.
sub gone($self, @pids) {
    return await($QUIT_TIME, sub { not grep { is_alive($_) } @pids });
}


# Starts a graceful end; quit() waits for it.
sub begin_quit($self) {
    $self->workers();
    return $self->{process}->signal('QUIT');
}


# Kills one worker as a crash would; the master makes a new one.
sub kill_worker($self, $pid) {
    push $self->{excused}->@*, qr/worker process $pid exited on signal 9/;

    kill('KILL', $pid);
    await(10, sub {
        not is_alive($pid) and $self->workers() >= $self->{workers};
    }) or die "nginx did not replace worker $pid\n";
}


# A log line that a test provokes is no fault.
sub excuse($self, $pattern) { push $self->{excused}->@*, $pattern }


# Ends nginx; true if the master and all workers went by themselves.
sub quit($self) {
    return 1 if not $self->{process};

    $self->workers();
    my $willing = $self->{process}->stop('QUIT', $QUIT_TIME);
    my @left = grep { is_alive($_) } keys $self->{seen}->%*;

    kill('KILL', @left) if @left;
    return $willing && not @left;
}


sub log_text($self) { return _text($self->error_log(), "$self->{dir}/output") }


sub _text(@files) {
    my $text = '';

    for my $file (@files) {
        open(my $log, '<', $file) or next;
        local $/;
        $text .= <$log> // '';
    }

    return $text;
}


# True once the log has that many lines like that.
sub logged($self, $pattern, $times = 1) {
    return await(10, sub {
        my $found = () = $self->log_text() =~ /$pattern/g;

        return $found >= $times;
    });
}


# What is wrong in the logs, and all that a checker reports (see tools/check).
sub faults($self) {
    my @lines = grep {
        my $line = $_;
        grep({ $line =~ $_ } @FAULTS)
            and not grep { $line =~ $_ } $self->{excused}->@*;
    } split(/\n/, $self->log_text());

    return (@lines, $self->_reports());
}


sub _reports($self) {
    my $dir = $self->{reports} // return;

    return map { /^.+$/mg } map { _text($_) } glob("$dir/*");
}


1;
