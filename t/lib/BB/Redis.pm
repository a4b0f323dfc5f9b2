# A private Redis server and a plain client of it.

package BB::Redis;

use v5.36;
use Cwd qw(abs_path);
use Digest::SHA qw(sha1_hex);
use File::Basename qw(basename dirname);
use File::Path qw(make_path remove_tree);
use IO::Socket::INET;

use BB::Port;
use BB::Process;

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $CALLS = 1_000_000;   # that are remembered
my %PLAIN = map { $_ => 1 } qw(EVAL HDEL SCAN SSCAN XADD XDEL XRANGE);

my %script;              # names by SHA-1


# dir: folder of its data; conf: more arguments of redis-server, by name
sub new($class, %o) {
    my $self = bless { dir => $o{dir}, port => BB::Port::take(),
        conf => { bind => '127.0.0.1', save => '', appendonly => 'yes',
            'maxmemory-policy' => 'noeviction', ($o{conf} // {})->%* } }, $class;

    make_path($self->{dir});
    return $self;
}


sub port($self) { return $self->{port} }

sub pid($self) { return $self->{process}->pid() }


sub start($self) {
    $self->launch();
    $self->{process}->ready(10, sub {
        $self->{sock} = undef;
        eval { $self->cmd('PING') eq 'PONG' };
    });

    return $self;
}


# Starts the server without waiting until it serves.
sub launch($self) {
    my %conf = ($self->{conf}->%*, port => $self->{port}, dir => $self->{dir});

    $self->{process} = BB::Process->start(
        argv => ['redis-server', map { ("--$_", $conf{$_}) } sort keys %conf],
        output => "$self->{dir}/log");
}


# Ends the server; by KILL it loses what it had not written.
sub stop($self, $signal = 'TERM') {
    $self->{sock} = undef;
    return $self->{process} ? $self->{process}->stop($signal, 10) : 1;
}


# empty: the new server has lost all data
sub restart($self, %o) {
    $self->stop($o{signal} // 'TERM');

    remove_tree("$self->{dir}/appendonlydir") if $o{empty};

    return $self->start();
}


sub pause($self) { return $self->{process}->signal('STOP') }

sub resume($self) { return $self->{process}->signal('CONT') }


# How many bytes clients have sent that the server has not read.
sub unread($self) {
    my ($port, $bytes) = (sprintf('%04X', $self->{port}), 0);

    open(my $sockets, '<', '/proc/net/tcp') or die "/proc/net/tcp: $!\n";

    while (my $line = <$sockets>) {
        $bytes += hex($1) if $line =~
            /\A\s*\d+: [0-9A-F]+:$port [0-9A-F]+:[0-9A-F]+ 01 [0-9A-F]+:([0-9A-F]+) /;
    }

    return $bytes;
}


# Runs lua-scripts/$name.lua; keys and arguments are lists.
sub script($self, $name, $keys, @arguments) {
    my $text = $self->{scripts}{$name} //= do {
        open(my $file, '<', "$ROOT/lua-scripts/$name.lua") or die "$name: $!\n";
        local $/;
        <$file>;
    };

    return $self->cmd('EVAL', $text, scalar @$keys, @$keys, @arguments);
}


sub run_id($self) {
    return $1 if $self->cmd(qw(INFO server)) =~ /^run_id:(\w+)/m;
    die "redis has no run id\n";
}


# Has the server remember each call from now on.
sub note_calls($self) {
    $self->cmd(qw(CONFIG SET slowlog-max-len), $CALLS);
    $self->cmd(qw(SLOWLOG RESET));
    $self->cmd(qw(CONFIG SET slowlog-log-slower-than 0));
}


# What it remembers, and no more from now on: of each call of the module { name,
# of the script or command; args, their number; last, the last one; took, in us }.
# What a script calls is in the script's own time.
sub noted_calls($self) {
    $self->cmd(qw(CONFIG SET slowlog-log-slower-than -1));

    %script = map { my $file = $_;
        open(my $in, '<', $file) or die "$file: $!\n";
        local $/;
        (sha1_hex(<$in>) => basename($file, '.lua')) }
        glob("$ROOT/lua-scripts/*.lua") if not %script;

    my @calls;

    for my $entry ($self->cmd(qw(SLOWLOG GET), $CALLS)->@*) {
        my ($took, $argv) = $entry->@[ 2, 3 ];
        my ($name, $args, $last) = (uc($argv->[0]), scalar @$argv, $argv->[-1]);

        if ($name eq 'EVALSHA') {
            $name = $script{ $argv->[1] } // $argv->[1];

        } elsif (not $PLAIN{$name}) {
            next;
        }

        # the server keeps the beginning of a long list
        $args += $1 - 1 if $last =~ /\A\.\.\. \((\d+) more arguments\)\z/;

        push @calls, { name => $name, args => $args, last => $last, took => $took };
    }

    return @calls;
}


# Closes all connections but this client's own; returns how many there were.
sub drop_clients($self) {
    return $self->cmd(qw(CLIENT KILL TYPE normal SKIPME yes));
}


# Runs one command; returns its reply: a string, a number, undef for nil, or a
# reference to a list.  An error reply dies.
sub cmd($self, @argv) {
    $self->{sock} //= IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $self->{port}, Timeout => 10)
        // die "connect to redis: $@\n";

    my $reply = eval {
        $self->{sock}->syswrite(join('', '*' . @argv . "\r\n",
            map { '$' . length($_) . "\r\n$_\r\n" } @argv));
        [ $self->_reply() ];
    };

    if (not $reply) {
        my $error = $@;

        $self->{sock} = undef if $error !~ /^-/;
        die $error;
    }

    return $reply->[0];
}


sub _reply($self) {
    my $line = readline($self->{sock}) // die "redis closed the connection\n";

    $line =~ s/\r\n\z//;
    my ($type, $rest) = (substr($line, 0, 1), substr($line, 1));

    return $rest if $type eq '+' or $type eq ':';
    die "-$rest\n" if $type eq '-';
    return undef if $rest == -1;

    if ($type eq '*') {
        return [ map { $self->_reply() } 1 .. $rest ];
    }

    read($self->{sock}, my $bulk, $rest + 2) == $rest + 2
        or die "redis closed the connection\n";

    return substr($bulk, 0, $rest);
}


1;
