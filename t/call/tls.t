# Services over TLS, with their certificates verified, and clients over TLS and
# HTTP/2: all of it nginx's own configuration.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Port;
use BB::Process qw(await scaled);
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store question');
my $dir = $t->dir();
my ($front, $right, $strange, $other) = map { BB::Port::take() } 1 .. 4;
my $limit = scaled(30);
my $JSON = JSON::PP->new->canonical;

sub openssl($words) {
    system("openssl $words >> $dir/openssl.log 2>&1") == 0 or die "openssl $words\n";
}

my $new = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';

openssl("$new -subj /CN=$_ -keyout $dir/$_.key -out $dir/$_.pem")
    for qw(authority stranger);

# A TLS server in front of the services, by a certificate for $host of $by.
sub tls($port, $host, $by, $services) {
    my $file = "$dir/$port";

    openssl("$new -subj /CN=$host -addext subjectAltName=DNS:$host -CA $dir/$by.pem "
        . "-CAkey $dir/$by.key -keyout $file.key -out $file.pem");

    return "server { listen 127.0.0.1:$port ssl http2;
        ssl_certificate $file.pem; ssl_certificate_key $file.key; $services }\n";
}

# The location of calls to a service: verified, whoever is there.
sub calls_to($name, $port) {
    return "location /tls-$name/ { internal; proxy_pass https://127.0.0.1:$port/;
        proxy_ssl_verify on; proxy_ssl_trusted_certificate $dir/authority.pem;
        proxy_ssl_name services.example; proxy_ssl_server_name on;
        proxy_ssl_session_reuse off; }\n";     # nginx would leak the last session
}

my $onward = 'location / { proxy_pass http://services; }';

$t->{http} .= tls($right, 'services.example', 'authority', $onward)
    . tls($strange, 'services.example', 'stranger', $onward)
    . tls($other, 'other.example', 'authority', $onward);

# under /safe/ all are as they must be, under /risky/ only the product service is
my $locations = join('', map {
        my ($path, %port) = @$_;
        "location /$path/ { bb_store store question; bb_store_mount /$path/;
            bb_store_call_timeout 10s; "
            . join('', map { "bb_store_service $_ /tls-$path$_/; " } sort keys %port)
            . "}\n" . join('', map { calls_to("$path$_", $port{$_}) } sort keys %port)
    } [ safe => (product => $right, wishlist => $right, 'order-query' => $right,
            user => $right) ],
      [ risky => (product => $right, wishlist => $strange, 'order-query' => $other,
            user => $strange) ]);

$t->{server} .= $locations;
$t->{http} .= tls($front, 'store.example', 'authority', "$locations
    gzip on; gzip_types *; gzip_min_length 1;");

my $services = BB::Services->new($t, keepalive => 4);

$t->run();
add_stores($t, { id => 5 });
$t->db()->do("SELECT setval(pg_get_serial_sequence('$_', 'id'), 10)")
    for qw(store store_address);
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
    product_name, title, content) VALUES (1, 5, 7, '', '', '', '', '')");

sub said($call) {
    return data(envelope($call->{uri} =~ /flowers/ ? '[{"flowerId":1,"flowerName":"장미"}]'
        : $call->{uri} =~ /store-id/ ? '{"subscriptionProductId":"x"}'
        : $call->{uri} =~ /phone/ ? '"01012345678"' : '{"5":true}'));
}

sub ask(@request) {
    $t->client()->write(BB::Client::request_bytes(@request));
    return $t->client();
}

sub answered($n) { $services->say($_, said($_)) for $services->calls($n) }


# services over TLS

my $client = ask(GET => '/safe/5/user', user => 7);
answered(3);
like($client->answer()->body(), qr/"isLiked":true,"isSubscribed":true,"sub\w+":"x"\}/,
    'three calls over TLS');

$client = ask(GET => '/risky/5/user', user => 7);
my ($call) = $services->calls(1);
is($call->{uri}, '/client/store?store-id=5', 'one call of three leaves');
$services->say($call, said($call));
like($client->answer()->body(), qr/"isLiked":false,"isSubscribed":false,"sub\w+":"x"\}/,
    'the other two have failed');
ok($t->nginx()->logged(qr/upstream SSL certificate verify error/), 'one by its authority');
ok($t->nginx()->logged(qr/upstream SSL certificate does not match "services.example"/),
    'one by its name');
is($services->waiting(), 0, 'nothing came of them');


# clients over TLS and HTTP/2

# curl's answers to these, over one connection; each is [ uri, options ]
sub curl($calls, @asked) {
    my @args = map {
        my ($n, $uri, @more) = ($_, $asked[$_]->@*);

        ($n ? '--next' : ('--parallel', '--http2', '--tlsv1.2'), '-sS',
            '--no-progress-meter', '--max-time',
            $limit, '--cacert', "$dir/authority.pem", '--resolve',
            "store.example:$front:127.0.0.1", '-D', "$dir/head.$n", '-o',
            "$dir/body.$n", @more, "https://store.example:$front$uri");
    } 0 .. $#asked;

    my $pid = open(my $out, '-|', 'curl', @args) // die "curl: $!\n";

    $calls->();
    close($out) or die "curl has failed: $?\n";

    return map {
        open(my $head, '<', "$dir/head.$_") or die "head.$_: $!\n";
        open(my $body, '<', "$dir/body.$_") or die "body.$_: $!\n";
        local $/;
        [ <$head>, <$body> // '' ];
    } 0 .. $#asked;
}

my @user = (-H => 'userId: 7');
my @json = (-H => 'Content-Type: application/json', '--data-binary');

my ($page) = curl(sub { answered(3) }, [ '/safe/5/user', @user ]);
like($page->[0], qr{\AHTTP/2 200}, 'a page over HTTP/2');
like($page->[1], qr/"isLiked":true,"isSubscribed":true,"sub\w+":"x"\}/, 'with its calls');

# what the client takes compressed, the services are not asked to compress
($page) = curl(sub {
    my @calls = $services->calls(3);

    is(join('', map { $_->{text} =~ /^Accept-Encoding/mi } @calls), '', 'not compressed');
    $services->say($_, said($_)) for @calls;
}, [ '/safe/5/user', @user, '--compressed' ]);
like($page->[0], qr/^content-encoding: gzip/m, 'for the client it is');
like($page->[1], qr/"isLiked":true,"isSubscribed":true,"sub\w+":"x"\}/, 'the same page');

# several at once on one connection
my $store = $JSON->encode(store_body());
utf8::downgrade($store);

my @both = curl(sub { answered(5) }, [ '/safe/list', @user ],
    [ '/safe/5/user', @user ], [ '/safe/', -H => 'userId: 9', @json, $store ]);

like($both[0][1], qr/"isLiked":true/, 'S4 beside the others');
like($both[1][1], qr/"isLiked":true,"isSubscribed":true,"sub\w+":"x"\}/, 'S5');
is($both[2][1], envelope(11), 'S1');
is($t->db()->value('SELECT count(*) FROM flower_cargo'), 1, 'the store has its flower');

my ($void) = curl(sub { answered(1) },
    [ '/safe/questions/1/answers', -H => 'userId: 105', @json, '"네"' ]);
like($void->[0], qr{\AHTTP/2 200}, 'Q3');
ok(await(10, sub { $t->db()->value("SELECT count(*) FROM outbox
    WHERE payload::text LIKE '%01012345678%'") }), 'the number comes behind it');

# a client that leaves takes its calls along
my $gone = open(my $leaving, '-|', 'curl', '-sS', '--http2', '--cacert',
    "$dir/authority.pem", '--resolve', "store.example:$front:127.0.0.1", @user,
    "https://store.example:$front/safe/5/user") // die "curl: $!\n";
my @left = $services->calls(3);

kill('KILL', $gone);
close($leaving);
is(scalar(grep { $services->is_left($_) } @left), 3, 'its calls end with it');

ok(settles($t), 'nothing is in flight');
is(status($t)->{requests}{error}, 0, 'no 500');
is($services->waiting(), 0, 'no call too many');

$t->done();
