# HTTP as clients speak it: versions, kept connections, bodies in every way, conditions,
# and what nginx itself refuses.

use v5.36;
use FindBin;
use IO::Select;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Port;
use BB::Process qw(await scaled);
use BB::Test;

my $H2 = BB::Port::take();
my $t = BB::Test->new(upstream => 1, coupons => [ { id => 7, limit => 100_000 } ],
    location => 'bb_store_max_body 8k;', server => "
    location /alone/ { bb_store coupon; bb_store_max_body 8k; }
    location /tight/ { bb_store coupon; client_max_body_size 1k;
        proxy_pass http://127.0.0.1:%%upstream%%; }
    location /tight_alone/ { bb_store coupon; client_max_body_size 1k; }
    location /wide/ { bb_store coupon; bb_store_max_body 64k;
        client_body_buffer_size 1k; }
    ", http => "server { listen 127.0.0.1:$H2 http2; access_log off;
    location /stores/ { bb_store coupon; bb_store_max_body 8k;
        proxy_pass http://127.0.0.1:%%upstream%%; } }")->run();

my ($worker) = $t->nginx()->workers();
my $body = '{"nickname":"봄이","phoneNumber":"01012345678"}';
my $user = 100;

sub draw($uri = '/stores/coupons/7', %o) {
    return (POST => $uri, user => ++$user, body => $body, %o);
}

sub drawn($name, @users) {
    my %has = map { $_ => 1 } $t->holders(7);

    is(join(' ', grep { not $has{$_} } @users), '', "$name: has drawn");
}

sub bytes(@request) { return BB::Client::request_bytes(@request) }

# The body with spaces to a length.
sub padded($length) { return $body . ' ' x ($length - length($body)) }

my @MINE = (GET => '/stores/coupons/my', user => 9);
my $EMPTY = '{"data":[]}';

# The connection is in step: the next request has its own answer.
sub in_step($client, $name) {
    is_data($client->request(@MINE), $EMPTY, "$name: the next one on this connection");
}


# conditions of caches: nothing here has a tag or a date, so none holds or fails

for my $header ([ 'If-Match', '"x"' ], [ 'If-Match', '*' ], [ 'If-None-Match', '*' ],
    [ 'If-None-Match', '"x"' ],
    [ 'If-Modified-Since', 'Tue, 15 Nov 1994 12:45:26 GMT' ],
    [ 'If-Modified-Since', 'Fri, 15 Nov 2199 12:45:26 GMT' ],
    [ 'If-Unmodified-Since', 'Tue, 15 Nov 1994 12:45:26 GMT' ],
    [ 'Range', 'bytes=0-3' ], [ 'If-Range', '"x"' ])
{
    my $client = $t->new_client();

    is_data($client->request(@MINE, headers => $header), $EMPTY, "GET, @$header");
    ok_void($client->request(draw('/stores/coupons/7', headers => $header)),
        "POST, @$header");
    drawn("@$header", $user);
    in_step($client, "@$header");
}


# HTTP/1.0

for my $case ([ '', 'close' ], [ "Connection: keep-alive\r\n", 'keep-alive' ]) {
    my ($header, $expected) = @$case;
    my $client = $t->new_client();

    $client->write("GET /stores/coupons/my HTTP/1.0\r\nuserId: 9\r\n$header\r\n");

    my $answer = $client->answer();

    is_data($answer, $EMPTY, "HTTP/1.0, $expected");
    is($answer->header('Connection'), $expected, 'says so');

    if ($expected eq 'close') {
        ok($client->is_closed(timeout => 5), 'and does it');
        next;
    }

    $user++;
    $client->write("POST /stores/coupons/7 HTTP/1.0\r\nuserId: $user\r\n$header"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
    ok_void($client->answer(), 'HTTP/1.0, a body');
    drawn('HTTP/1.0', $user);
}


# a kept connection after each kind of answer, also with a body that nobody reads

my @KINDS = (
    [ 'success', 200, draw() ],
    [ 'FAIL', 200, POST => '/stores/coupons/8', user => 1, body => $body ],
    [ 'no userId', 400, POST => '/stores/coupons/7', body => $body ],
    [ 'a bad path', 400, POST => '/stores/coupons/x', user => 1, body => padded(5000) ],
    [ 'no body', 400, POST => '/stores/coupons/7', user => 1 ],
    [ 'bad JSON', 400, POST => '/stores/coupons/7', user => 1, body => 'x' x 5000 ],
    [ 'unknown', 404, POST => '/alone/x', user => 1, body => 'x' x 100_000 ],
    [ 'closed', 404, PUT => '/stores/test/x', user => 1, body => 'x' x 100_000 ],
    [ 'a wrong method', 405, PUT => '/stores/coupons/7', user => 1,
        body => 'x' x 100_000 ],
    [ 'too large', 413, POST => '/stores/coupons/7', user => 1, body => 'x' x 100_000 ],
    [ 'no JSON', 415, POST => '/stores/coupons/7', user => 1, body => 'x' x 5000,
        type => 'text/plain' ],
    [ 'OPTIONS', 200, OPTIONS => '/stores/coupons/7', body => 'x' x 100_000 ],
    [ 'HEAD', 200, HEAD => '/stores/coupons/my', user => 1, body => 'x' x 5000 ],
    [ 'GET', 200, GET => '/stores/coupons/my', user => 9, body => 'x' x 100_000 ],
    [ 'DELETE', 200, DELETE => '/stores/9/coupons/9', user => 1,
        body => 'x' x 100_000 ],
    [ 'onward', 200, POST => '/stores/x/y', user => 1, body => 'x' x 100_000 ],
);

for my $kind (@KINDS) {
    my ($name, $status, $method, $uri, %o) = @$kind;
    my $client = $t->new_client();

    is($client->request($method, $uri, %o)->status(), $status, $name);
    in_step($client, $name);

    # the same in chunks, with an extension and a trailer
    if (defined $o{body}) {
        my ($half, $rest) = unpack('a' . int(length($o{body}) / 2) . 'a*', $o{body});
        my $bytes = bytes($method, $uri, %o, user => $o{user} ? $user += 1 : [],
            body => undef, chunks => [ $half, $rest ]);

        $bytes =~ s/\r\n\r\n([0-9a-f]+)/\r\n\r\n$1;name=value/;
        $bytes =~ s/0\r\n\r\n\z/0\r\nX-Trailer: 1\r\n\r\n/;
        $client->write($bytes);
        is($client->answer(head => $method eq 'HEAD')->status(), $status,
            "$name, in chunks");
        in_step($client, "$name, in chunks");
    }

    # the head alone, then the body in two pieces, then the next request
    if (defined $o{body}) {
        my ($head, $sent) = split(/(?<=\r\n\r\n)/,
            bytes($method, $uri, %o, $o{user} ? (user => ++$user) : ()), 2);
        my $middle = int(length($sent) / 2);

        $client->write($head);
        $client->write(substr($sent, 0, $middle));
        $client->write(substr($sent, $middle) . bytes(@MINE));
        is($client->answer(head => $method eq 'HEAD')->status(), $status,
            "$name, in pieces");
        is_data($client->answer(), $EMPTY, "$name, in pieces: the next one");
    }
}

# all of them in one segment
my $all = $t->new_client();

$all->write(join('', map {
    my ($name, $status, $method, $uri, %o) = @$_;
    bytes($method, $uri, %o, $o{user} ? (user => ++$user) : ())
} @KINDS));
is($all->answer(head => $_->[2] eq 'HEAD')->status(), $_->[1], "one segment: $_->[0]")
    for @KINDS;
in_step($all, 'one segment');

# a body that comes when the answer to its GET is there already
my $late = $t->new_client();

$late->write(bytes(@MINE, length => 6, type => 'text/plain'));
is_data($late->answer(), $EMPTY, 'answered before the body');
$late->write('123');
$late->write('456' . bytes(@MINE));
is_data($late->answer(), $EMPTY, 'the body is skipped');

# a client that leaves before such a body is whole, and before the answer
$t->add_coupon(id => 77);

my $hold = $t->db()->hold_coupons(77);
my $gone = $t->new_client();

$gone->write(bytes(DELETE => '/stores/1/coupons/77', user => 101, length => 100)
    . 'abc');
ok(await(10, sub { counter_of('postgres_write', 'in_flight') }), 'it waits for a lock');
$gone->close();
in_step($t->new_client(), 'meanwhile');
$hold->rollback();
ok(await(10, sub { $t->db()->value('SELECT is_deleted::int FROM coupon
    WHERE id = 77') }), 'what was asked for is done');

sub counter_of($part, $name) { return counter(status($t), $part, $name) }


# Expect: 100-continue

for my $case ([ 100, 200, draw() ],
    [ '', 400, POST => '/stores/coupons/7', body => $body ],
    [ '', 413, POST => '/stores/coupons/7', user => 1, body => padded(8193) ],
    [ '', 415, POST => '/stores/coupons/7', user => 1, body => $body,
        type => 'text/plain' ],
    [ '', 404, POST => '/alone/x', body => $body ],
    [ '', 405, PUT => '/stores/coupons/7', body => $body ])
{
    my ($interim, $status, $method, $uri, %o) = @$case;
    my $client = $t->new_client();
    my $bytes = bytes($method, $uri, %o, headers => [ Expect => '100-continue' ]);
    my ($head, $sent) = split(/(?<=\r\n\r\n)/, $bytes, 2);

    $client->write($head);
    $client->write($sent) if $interim;

    my $answer = $client->answer();

    is(join(' ', $answer->interim()) . ' ' . $answer->status(), "$interim $status",
        "Expect: $status");
    is(lc $answer->header('Connection'), $interim ? 'keep-alive' : 'close',
        "Expect: $status: the connection");
}


# sizes: bb_store_max_body, and nginx's own limit

ok_void($t->request(draw(), body => padded(8192)), 'the largest body');
ok_void($t->request(draw(), body => undef,
    chunks => [ padded(8192) =~ /(.{1,1000})/gs ]),
    'the largest body in chunks');
is_too_large($t->request(draw(), body => padded(8193)), 'one byte more');
is_too_large($t->request(draw(), body => undef,
    chunks => [ padded(8193) =~ /(.{1,1000})/gs ]), 'one byte more in chunks');
ok_void($t->request(draw('/wide/coupons/7', body => padded(65536))),
    'more than client_body_buffer_size');

sub is_too_large($answer, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->whole(), join("\n", 413, 'Cache-Control: no-store',
        'Content-Type: application/json', '', '{"data":null,"message":"요청한 값이 '
        . '올바르지 않습니다. the body is too large","errorCode":'
        . '"COMMON_INVALID_PARAMETER","result":"FAIL"}'), $name);
}

my $counted = invalid();
my @refused = ([ POST => '/tight/coupons/7', user => 1 ],
    [ POST => '/tight/coupons/x' ],
    [ PUT => '/tight/coupons/7' ], [ GET => '/tight/coupons/my' ],
    [ OPTIONS => '/tight/coupons/my' ], [ POST => '/tight/client/x' ],
    [ POST => '/tight_alone/coupons/7' ], [ POST => '/tight_alone/x/y' ],
    [ GET => '/tight_alone/list' ], [ POST => '/tight/1%2F2/coupons' ]);

is_too_large($t->request(@$_, body => padded(1025)), "client_max_body_size: @$_")
    for @refused;
is_too_large($t->request(POST => '/tight/coupons/7', user => 1,
    chunks => [ padded(1025) ]), 'client_max_body_size: in chunks');
is(invalid(), $counted + @refused + 1, 'all of them are counted');
ok_void($t->request(draw('/tight/coupons/7', body => padded(1024))), 'up to it');

my $head = $t->request(HEAD => '/tight/coupons/my', body => padded(1025));

is($head->whole(), join("\n", 413, 'Cache-Control: no-store', 'Content-Length: 146',
    'Content-Type: application/json', '', ''), 'HEAD');

# what goes onward is nginx's alone
like($t->request(POST => '/tight/x/y', body => padded(1025))->body(), qr/<html>/,
    'nginx itself refuses what would go onward');

sub invalid() {
    return $t->get('/ops/status', server => 'ops')->json()->{requests}{invalid};
}


# a body that is no HTTP

for my $chunks ("xyz\r\n", "5\r\n{\"a\"xx", "fffffffffffffffff\r\n") {
    my $client = $t->new_client();

    $client->write("POST /stores/coupons/7 HTTP/1.1\r\nHost: test\r\nuserId: 5\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n$chunks");
    is_invalid($client->answer(), 'the body is malformed', 'broken chunks: '
        . $chunks =~ s/\r\n/|/gr);
}


# HTTP/2, without TLS.  Nothing here is answered before its body has come: curl takes
# that for a failure, whoever answers.

sub curl(@arguments) {
    my @command = ('curl', '-s', '-i', '--max-time', 20, '--http2-prior-knowledge',
        @arguments);

    open(my $said, '-|', @command) or die "curl: $!\n";
    local $/;
    my ($top, $content) = split(/\r\n\r\n/, scalar(<$said>) // '', 2);
    close($said);

    # HTTP/1.1 100, had there been one, would be told by its status
    my ($line, @lines) = split(/\r\n/, $top // '');

    return join("\n", $line, sort(grep { not /^(?:server|date):/ } @lines), '',
        $content // '');
}

my $url = "http://127.0.0.1:$H2/stores";
my @json = ('-H', 'Content-Type: application/json');

sub h2($status, $content, @headers) {
    return join("\n", "HTTP/2 $status ", sort(@headers, 'cache-control: no-store',
        length($content) ? 'content-type: application/json' : (),
        'content-length: ' . length($content)), '', $content);
}

sub failure($reason) {
    return qq({"data":null,"message":"요청한 값이 올바르지 않습니다. $reason",)
        . '"errorCode":"COMMON_INVALID_PARAMETER","result":"FAIL"}';
}

my $ENVELOPE = '{"data":{"data":[]},"message":null,"errorCode":null,'
    . '"result":"SUCCESS"}';

# A body whose length is not told before; curl reads it from a file.
sub unsized($content) {
    my $file = $t->dir() . '/body';

    open(my $out, '>', $file) or die "$file: $!\n";
    print $out $content;
    close($out) or die "$file: $!\n";
    return ('-X', 'POST', '-T', $file, '-H', 'Content-Length:');
}

is(curl('-H', 'userId: 9', "$url/coupons/my"), h2(200, $ENVELOPE), 'HTTP/2: GET');
is(curl('-I', '-H', 'userId: 9', "$url/coupons/my"),
    h2(200, $ENVELOPE) =~ s/\n\n.*/\n\n/sr, 'HTTP/2: HEAD');
$user++;
is(curl('-H', "userId: $user", @json, '-d', $body, "$url/coupons/7"), h2(200, ''),
    'HTTP/2: POST');
drawn('HTTP/2', $user);
$user++;
is(curl('-H', "userId: $user", @json, unsized(padded(8192)), "$url/coupons/7"),
    h2(200, ''), 'HTTP/2: a body of unknown length');
drawn('HTTP/2, a body of unknown length', $user);
is(curl('-H', 'userId: 1', @json, unsized(padded(8193)), "$url/coupons/7"),
    h2(413, failure('the body is too large')), 'HTTP/2: too large, of unknown length');
is(curl('-H', 'userId: 1', @json, '-d', '{', "$url/coupons/7"),
    h2(400, failure('the body is not valid JSON')), 'HTTP/2: bad JSON');
is(curl('-H', 'userId: 1', '-X', 'POST', "$url/coupons/7"),
    h2(400, failure('the body is missing')), 'HTTP/2: no body');
is(curl('-H', 'userId: 1', '-H', 'userId: 2', "$url/coupons/my"),
    h2(400, failure('more than one userId header')), 'HTTP/2: userId twice');
is(curl('-X', 'PUT', "$url/coupons/7"),
    h2(405, failure('this method is not allowed here'), 'allow: POST, OPTIONS'),
    'HTTP/2: a wrong method');
like(curl('-d', 'abc', "$url/list"), qr/"size":3\b/, 'HTTP/2: onward');

# many streams of one connection at once, in one write; some are answered before
# their bodies are read

sub frame($type, $flags, $stream, $payload) {
    return substr(pack('N', length($payload)), 1) . pack('CCN', $type, $flags, $stream)
        . $payload;
}

# Headers, none of them compressed; texts of less than 127 bytes.
sub fields(@fields) { return join('', map { pack('C C/a C/a', 0, @$_) } @fields) }

# The answers to [ method, path, user, body ], as "status body".
sub streams(@requests) {
    my $client = BB::Client->new($H2);
    my ($bytes, %body, %status, %open) = ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        . frame(4, 0, 0, ''));

    for my $i (0 .. $#requests) {
        my ($method, $path, $user, $content) = $requests[$i]->@*;
        my $stream = 2 * $i + 1;

        $open{$stream} = 1;
        $bytes .= frame(1, defined $content ? 4 : 5, $stream, fields(
            [ ':method', $method ], [ ':scheme', 'http' ], [ ':authority', 'test' ],
            [ ':path', $path ], defined $user ? [ 'userid', $user ] : ()));
        $bytes .= frame(0, 1, $stream, $content) if defined $content;
    }

    $client->write($bytes);

    my ($sock, $in) = ($client->{sock}, '');

    while (%open) {
        IO::Select->new($sock)->can_read(scaled(20)) or last;
        sysread($sock, $in, 65536, length($in)) or last;

        while (length($in) >= 9) {
            my ($high, $low, $type, $flags, $stream) = unpack('C n C C N', $in);
            my $length = $high << 16 | $low;

            last if length($in) < 9 + $length;

            my $payload = substr(substr($in, 0, 9 + $length, ''), 9);

            # statuses that HPACK has in its table, others are written out
            $status{$stream} //= { 0x88 => 200, 0x8c => 400,
                0x8d => 404 }->{ord $payload}
                // ($payload =~ /(\d{3})/)[0] // 'compressed' if $type == 1;
            $body{$stream} .= $payload if $type == 0;
            delete $open{$stream} if $type <= 1 and $flags & 1;
        }
    }

    return map { ($status{$_} // 'none') . ' ' . ($body{$_} // '') }
        map { 2 * $_ + 1 } 0 .. $#requests;
}

my @draws = map { $user++; [ POST => '/stores/coupons/7', $user, $body ] } 1 .. 20;
my @streams = map { ([ GET => '/stores/coupons/my', 9 ], $draws[$_],
    [ GET => '/stores/coupons/my', 9, 'x' x 100 ],
    [ GET => '/stores/x/coupons/product', undef ],
    [ POST => '/stores/coupons/7', undef, 'x' x 500 ],
    [ GET => '/stores/test/a', undef ],
    [ POST => '/stores/coupons/8', 1, $body ]) } 0 .. $#draws;
my @expected = (200 . " $ENVELOPE", '200 ', 200 . " $ENVELOPE",
    '400 ' . failure('storeId is not a 64-bit integer'),
    '400 ' . failure('userId header is required'),
    '404 {"data":null,"message":"존재하지 않는 엔티티입니다.",'
    . '"errorCode":"COMMON_ENTITY_NOT_FOUND","result":"FAIL"}',
    '200 {"data":null,"message":"해당 쿠폰이 존재하지 않습니다.",'
    . '"errorCode":"CE-01","result":"FAIL"}');

# nginx takes 128 at once
is_deeply([ streams(@streams[0 .. 118]) ], [ ((@expected) x 20)[0 .. 118] ],
    'HTTP/2: many streams at once');
drawn('HTTP/2, many streams', map { $_->[2] } @draws[0 .. 16]);

is_deeply([ $t->nginx()->workers() ], [ $worker ], 'the worker is the same');

$t->done();
