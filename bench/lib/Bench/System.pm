# A system under test: something that listens on a port and uses the stores.
#
#   bb_store    nginx with the module, as in nginx.conf.example
#   return200   nginx that answers everything with 200 and no body
#   any other   bench/peers/<name>/start, see bench/README.md; as <name>-nocount
#               without the schema's trigger that counts a coupon's rows

package Bench::System;

use v5.36;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Socket::INET;

use BB::Port;
use BB::Process;
use Bench::Cpu qw(tree);
use Bench::Nginx;

my $BENCH = abs_path(dirname(__FILE__) . '/../..');


sub peers_dir() { return $ENV{BB_BENCH_PEERS} // "$BENCH/peers" }


# All systems that can be measured here.
sub names() {
    my @peers = map { m{([^/]+)/start\z} } sort grep { -x } glob(peers_dir() . '/*/start');

    return (qw(bb_store return200), @peers, map { "$_-nocount" } @peers);
}


# Those that are measured unless others are named.
sub usual() { return grep { not /-nocount\z/ or $_ eq 'openresty-nocount' } names() }


# name, dir, stores, workers, ack; http, timeout, slots: see Bench::Nginx
sub new($class, %o) {
    my ($peer, $nocount) = $o{name} =~ /\A(.*?)(-nocount)?\z/;
    my $self = bless { %o, peer => $peer, counts => not($nocount), path => "$o{dir}/$o{name}-$o{workers}-$o{ack}" }, $class;

    make_path($self->{path});
    chmod(0755, $self->{path});
    return $self;
}


sub start($self) {
    if ($self->{name} eq 'bb_store' or $self->{name} eq 'return200') {
        $self->{nginx} = Bench::Nginx->new(dir => $self->{path},
            module => $self->{name} eq 'bb_store',
            map({ $_ => $self->{$_} } qw(workers ack stores)),
            map { $_ => $self->{$_} } grep { defined $self->{$_} } qw(http timeout slots));
        $self->{nginx}->start();
        return $self;
    }

    my $stores = $self->{stores};

    $self->{port} = BB::Port::take();
    make_path("$self->{path}/data");

    local %ENV = (%ENV, BB_PEER_DIR => "$self->{path}/data",
        BB_PORT => $self->{port}, BB_WORKERS => $self->{workers},
        BB_ACK => $self->{ack}, BB_REDIS => '127.0.0.1:' . $stores->redis()->port(),
        BB_PGHOST => '127.0.0.1', BB_PGPORT => $stores->db()->port(),
        BB_PGUSER => 'postgres', BB_PGDATABASE => 'store',
        BB_PEER_COUNT => $self->{counts} ? 1 : 0);

    $self->{process} = BB::Process->start(death => 'TERM',
        argv => [ peers_dir() . "/$self->{peer}/start" ],
        output => "$self->{path}/output");
    $self->{process}->ready(60, sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
    });

    return $self;
}


# server: public or internal; only the module has two
sub port($self, $server = 'public') {
    return $self->{port} // $self->{nginx}->port($server);
}


sub pid($self) { return ($self->{process} // $self->{nginx})->pid() }


# What its processes are, in the report.
sub kind($self) { return $self->{peer} eq 'node' ? 'node' : 'nginx' }


# Whether the schema's trigger counts its rows.
sub counts($self) { return $self->{counts} }


# Whether what Redis grants comes to PostgreSQL.
sub commits($self) { return $self->{name} eq 'bb_store' || $self->{ack} eq 'commit' }


# True the first time that it is asked for this row: a compiler may have to see
# the code run before its measurement counts.
sub is_cold($self, $row) { return not $self->{seen}{$row}++ }


# Others do not run while one is measured.
sub pause($self) {
    return if $self->{paused};

    $self->{paused} = [ tree($self->pid()) ];
    kill('STOP', $self->{paused}->@*);
}


sub resume($self) {
    my $pids = delete $self->{paused} // return;

    kill('CONT', @$pids);
}


# True if it ended by itself.
sub stop($self) {
    my $end;

    $self->resume();

    if (my $nginx = delete $self->{nginx}) {
        $end = $nginx->quit();

    } elsif (my $process = delete $self->{process}) {
        my @all = tree($process->pid());

        $end = $process->stop('TERM', 15);
        my @left = grep { BB::Process::is_alive($_) } @all;

        if (@left) {
            BB::Process::await(5, sub { not grep { BB::Process::is_alive($_) } @left })
                or kill('KILL', @left);
        }
    }

    return $end;
}


# What it has written, for the case that it failed.
sub log_text($self) {
    my $text = '';

    for my $file (glob("$self->{path}/output $self->{path}/error.log")) {
        open(my $log, '<', $file) or next;
        local $/;
        $text .= <$log> // '';
    }

    return length($text) > 4000 ? substr($text, -4000) : $text;
}


1;
