#!/usr/bin/perl
# Stand-ins for the services around the store service, for demonstrations:
#
#   demo_services.pl <directory> <echo port> <services port> [<user>]
#
# echo port      whatever is asked: answers what it received, as JSON
# services port  product, wishlist, order-query and user; envelope answers
#
# Works in <directory>, where it leaves its process id in demo.pid, and as
# <user> if one is named.  Listens on 127.0.0.1; ends on TERM or INT.

use Mojo::Base -strict, -signatures;

use Digest::SHA ();
use Mojo::JSON qw(decode_json encode_json false true);
use Mojo::Server::Daemon;
use Mojo::Util qw(b64_encode decode);
use POSIX ();

use constant ECHO_MAX => 16 * 1024 * 1024;    # longer bodies: only their hash

# Mojolicious keeps neither the target nor the order of the headers.

package Demo::Headers {
    use Mojo::Base 'Mojo::Headers', -signatures;

    sub add ($self, $name, @values) {
        push @{$self->{pairs}}, map { [$name, $_] } @values;
        return $self->SUPER::add($name, @values);
    }
}

package Demo::Request {
    use Mojo::Base 'Mojo::Message::Request', -signatures;

    sub extract_start_line ($self, $buffer) {
        ($self->{target}) = $$buffer =~ /^\s*\S+ +(\S+)/;
        return $self->SUPER::extract_start_line($buffer);
    }
}

package main;

my ($directory, $echo_port, $services_port, $user) = @ARGV;
die "usage: $0 directory echo-port services-port [user]\n"
    unless $services_port;

if (defined $user) {
    my ($uid, $gid) = (getpwnam $user)[2, 3] or die "no user $user\n";
    $) = "$gid $gid";
    POSIX::setgid($gid) && POSIX::setuid($uid) or die "setuid $user: $!\n";
}

chdir $directory or die "$directory: $!\n";
$ENV{MOJO_TMPDIR} = $directory;    # bodies beyond 256 KiB wait in files
$SIG{PIPE} = 'IGNORE';

my $daemon = Mojo::Server::Daemon->new(
    inactivity_timeout => 0,
    keep_alive_timeout => 0,       # the proxy ends idle connections, not we
    max_requests       => ~0,
    silent             => 1,
    listen             => [map { "http://127.0.0.1:$_" }
                           $echo_port, $services_port],
);
$daemon->app->hook(after_build_tx => \&build_tx);
$daemon->unsubscribe('request')->on(request => \&request);
$daemon->start;

open my $pid, '>', 'demo.pid' or die "demo.pid: $!\n";
print $pid "$$\n";
close $pid or die "demo.pid: $!\n";

$daemon->run;
unlink 'demo.pid';

sub build_tx ($tx, $app) {
    my $req = Demo::Request->new(max_message_size => 0);

    $req->content->headers(Demo::Headers->new)->auto_upgrade(0);
    $req->content->once(body => sub ($content) {
        return unless lc($content->headers->expect // '') eq '100-continue';
        Mojo::IOLoop->stream($tx->connection)
            ->write("HTTP/1.1 100 Continue\r\n\r\n");
    });

    $tx->req($req);
}

sub request ($daemon, $tx) {
    my ($status, $answer) = (400, undef);

    if (!$tx->req->error) {
        ($status, $answer) = $tx->local_port == $echo_port
            ? (200, echo($tx->req)) : service($tx->req);
    }

    $tx->res->code($status);
    $tx->res->headers->content_type('application/json');
    $tx->res->body(encode_json($answer)) if defined $answer;
    $tx->resume;
}

sub echo ($req) {
    my $asset = $req->content->asset;
    my $sha = Digest::SHA->new(256);
    my %body = (bodyLength => $asset->size, body => undef);

    for (my $at = 0; $at < $asset->size; $at += 131072) {
        $sha->add($asset->get_chunk($at));
    }

    if ($asset->size <= ECHO_MAX) {
        my $bytes = $asset->slurp;
        my $text = decode('UTF-8', $bytes);
        $body{body} = $text // b64_encode($bytes, '');
        $body{bodyEncoding} = defined $text ? 'text' : 'base64';
    }

    return {
        method  => $req->method,
        uri     => $req->{target},
        headers => $req->headers->{pairs} // [],
        sha256  => $sha->hexdigest,
        %body,
    };
}

# Returns the status and the envelope.
sub service ($req) {
    my $call = $req->method . ' ' . $req->url->path->to_route;

    if ($call eq 'GET /client/flowers') {
        my @names = qw(장미 튤립 수국 카네이션 안개꽃);
        return success([map { {flowerId => $_ + 1,
                               flowerName => $names[$_]} }
                        0 .. $#names]);
    }

    # every third store sells no subscription
    if ($call eq 'GET /client/store') {
        my $id = $req->param('store-id') // '';
        return failure(400) unless $id =~ /^\d{1,19}$/a;
        return success({subscriptionProductId =>
            $id % 3 ? sprintf('656e89e3%016x', $id) : undef});
    }

    if ($call eq 'POST /client/likes/stores') {
        return flags($req, sub ($user, $id) { ($user + $id) % 2 });
    }

    if ($call eq 'POST /client/order-query/subs/lists') {
        return flags($req, sub ($user, $id) { !(($user + $id) % 3) });
    }

    if ($call =~ m{^GET /client/users/(\d{1,19})/phone-number$}a) {
        return success(sprintf '010%08d', $1 % 100_000_000);
    }

    return failure(404);
}

# One flag for each id of the body; $flag says which.
sub flags ($req, $flag) {
    my $user = $req->headers->header('userId') // '';
    my $ids = eval { decode_json($req->body) };

    return failure(400) unless $user =~ /^\d{1,19}$/a && ref $ids eq 'ARRAY'
        && !grep { !defined || !/^\d{1,19}$/a } @$ids;

    return success({map { $_ => $flag->($user, $_) ? true : false } @$ids});
}

sub success ($data) {
    return 200, {data => $data, message => undef, errorCode => undef,
                 result => 'SUCCESS'};
}

sub failure ($status) {
    return $status, {
        data      => undef,
        message   => $status == 404 ? 'no such path' : 'bad request',
        errorCode => $status == 404 ? 'COMMON_ENTITY_NOT_FOUND'
                                    : 'COMMON_INVALID_PARAMETER',
        result    => 'FAIL',
    };
}
