# nginx with the settings of nginx.conf.example, with the module or without it.

package Bench::Nginx;

use v5.36;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use parent -norequire, 'BB::Nginx';

use BB::Nginx;
use BB::Process qw(server_user);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $MODULE = abs_path($ENV{BB_MODULE} // "$ROOT/build/ngx_bb_store_module.so");


# dir, workers; module: 1 with it; ack; stores; http: more text for that level;
# timeout: of a draw; slots: worker_connections
sub new($class, %o) {
    return $class->SUPER::new(timeout => '3s', slots => 8192, %o, log => 'warn',
        zone => $ENV{TZ});
}


sub conf($self) {
    my $user = server_user();
    my %o = ($self->%*, user => defined $user ? 'user nobody nogroup;' : '',
        load => $self->{module} ? "load_module $MODULE;" : '');
    my $listen = $self->listen_options();
    my $servers = $self->{module} ? $self->_module() : <<"END";
    server {
        listen 127.0.0.1:$o{ports}{public} $listen;
        location / { return 200; }
    }

    server {
        listen 127.0.0.1:$o{ports}{ops};
        location / { return 200; }
    }
END

    return <<"END";
daemon off;
$o{user}
worker_processes $o{workers};
pid $o{dir}/nginx.pid;
error_log $o{dir}/error.log $o{log};
$o{load}
env TZ=$o{zone};
worker_rlimit_nofile 16384;
worker_shutdown_timeout 30s;

events { worker_connections $o{slots}; }

http {
    default_type  application/json;
    server_tokens off;
    access_log    off;

    keepalive_timeout         65s;
    keepalive_requests        100000000;
    client_header_timeout     10s;
    client_body_timeout       10s;
    send_timeout              10s;
    reset_timedout_connection on;

    client_body_temp_path $o{dir}/client_body;
    proxy_temp_path       $o{dir}/proxy;
    fastcgi_temp_path     $o{dir}/fastcgi;
    uwsgi_temp_path       $o{dir}/uwsgi;
    scgi_temp_path        $o{dir}/scgi;

$servers
}
END
}


# Several workers share the connections evenly, here as in the peers.
sub listen_options($self) {
    return 'backlog=4096' . ($self->{workers} > 1 ? ' reuseport' : '');
}


sub _module($self) {
    my ($redis, $postgres) = map { $self->{stores}->$_() } qw(redis db);
    my ($port, $conninfo) = ($redis->port(), $postgres->conninfo());
    my %port = $self->{ports}->%*;
    my $listen = $self->listen_options();

    return <<"END";
    bb_store_zone     bb:32m;
    bb_store_redis    redis://127.0.0.1:$port/0 timeout=1s connect_timeout=1s;
    bb_store_postgres "$conninfo" connections=2 timeout=3s connect_timeout=2s;
    bb_store_sweep    5s;

    bb_store_user           \$http_userid;
    bb_store_owner_check    on;
    bb_store_coupon_ack     $self->{ack};
    bb_store_coupon_timeout $self->{timeout};
    bb_store_max_body       64k;
    $self->{http}

    server {
        listen 127.0.0.1:$port{public} $listen;
        location = /stores { bb_store store coupon cargo question; }
        location /stores/  { bb_store store coupon cargo question; }
        location / { return 404; }
    }

    server {
        listen 127.0.0.1:$port{internal} $listen;
        location /client/stores { bb_store_internal store coupon cargo; }
    }

    server {
        listen 127.0.0.1:$port{ops};
        location / { bb_store_ops; }
    }
END
}


1;
