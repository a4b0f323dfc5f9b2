# Whatever another service answers: S4, S5, S7 and S8 have their fallbacks, S1 is
# a 503 and stores nothing, and the connection serves the next request.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Compress::Gzip qw(gzip);
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store');
my $services = BB::Services->new($t);

$t->run();
add_stores($t, { id => 1 }, { id => 2 });
$t->db()->do("SELECT setval(pg_get_serial_sequence('$_', 'id'), 10)")
    for qw(store store_address);

my $client = $t->new_client();

# What is right for each call.
sub right($call) {
    return envelope($call->{uri} =~ /flowers/ ? '[{"flowerId":1,"flowerName":"장미"}]'
        : $call->{uri} =~ /store-id/ ? '{"subscriptionProductId":"x"}'
        : '{"1":true,"2":true}');
}

# What a request shows of its calls.
sub shown($bytes, $uri) {
    my ($answer) = $services->ask($client, $bytes, GET => $uri, user => 7);

    return $answer->whole() if $answer->status() != 200;
    return join(' ', $answer->body() =~
        /"(?:isLiked|isSubscribed|subscriptionProductId)":("[^"]*"|\w+)/g);
}

sub create($bytes) {
    return ($services->ask($client, $bytes, POST => '/stores/', user => 7,
        body => store_body()))[0];
}

sub dump_all() {
    return join("\n", map { my $table = $_; map { join('|', @$_) }
        $t->db()->rows("SELECT * FROM $table ORDER BY 1, 2") }
        qw(store delivery_policy store_address flower_cargo));
}

my $before = dump_all();

# change: makes the bytes of an answer of the right envelope
sub views($name, $change, $page, $list) {
    my $bytes = sub($call) { $change->(right($call)) };

    is(shown($bytes, '/stores/1/user'), $page, "S5: $name");
    is(shown($bytes, '/stores/list'), $list, "S4: $name");
    is(shown($bytes, '/stores/map/location?lat=37.5&lon=127&level=1'), $list,
        "S7: $name");
    is(shown($bytes, '/stores/map/region?sido=11&gugun='), $list, "S8: $name");
}

# A body of the largest size, and so many bytes more.
sub filled($body, $more) { return $body . ' ' x (1024 ** 2 + $more - length($body)) }

sub good($name, $change) {
    views($name, $change, 'true true "x"', 'true true');
    like(create(sub($call) { $change->(right($call)) })->body(),
        qr/"data":\d+,.*"SUCCESS"/, "S1: $name");

    $t->db()->do("DELETE FROM $_ WHERE store_id > 2")
        for qw(delivery_policy store_address flower_cargo);
    $t->db()->do('DELETE FROM store WHERE id > 2');
    store_changed($t);
}

sub fails($name, $change) {
    views($name, $change, 'false false null', 'false false');
    is_unavailable(create(sub($call) { $change->(right($call)) }), "S1: $name");
}

good('a sized answer', sub($body) { data($body) });
good("status $_", sub($body) { data($body, status => $_) }) for 201, 206, 299;
good('chunks of a byte', sub($body) { data($body, chunks => 1) });
good('up to the end of the connection', sub($body) {
    "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n$body" });
good('no media type', sub($body) { "HTTP/1.1 200 OK\r\n\r\n$body" });
good('another one', sub($body) { data($body, type => 'text/plain') });
good('more members', sub($body) {
    data($body =~ s/\{"data"/{"trace":{"data":null,"a":[1,{}]},"data"/r) });
good('data alone', sub($body) { data($body =~ s/,"message.*/}/sr) });
good('more members of data', sub($body) {
    data($body =~ s/\{"(1|f|s)/{"77":false,"$1/r) });
good('members twice: the last one counts', sub($body) {
    data($body =~ s/\{"data"/{"data":[],"result":"FAIL","data"/r
        =~ s/\{"(1|f|s\w+)/{"$1":{},"$1/r) });
good('white space', sub($body) { data($body =~ s/([{},:])/ $1\n\t/gr) });
good('the largest', sub($body) { data(filled($body, 0)) });
good('the largest in chunks', sub($body) { data(filled($body, 0), chunks => 999) });
good('the largest up to the end', sub($body) {
    "HTTP/1.0 200 OK\r\n\r\n" . filled($body, 0) });
good('cut off behind the envelope', sub($body) {
    substr(data($body, chunks => 4000), 0, -5) });

fails('a byte too large', sub($body) { data(filled($body, 1)) });
fails('a byte too large, in chunks', sub($body) {
    data(filled($body, 1), chunks => 999) });
fails('a byte too large, up to the end', sub($body) {
    "HTTP/1.0 200 OK\r\n\r\n" . filled($body, 1) });

fails("status $_", sub($body) { data($body, status => $_) })
    for 100, 101, 103, 199, 300, 301, 302, 304, 307, 400, 401, 404, 429, 500, 502, 503,
    599;
fails('status 204', sub($) { "HTTP/1.1 204 No Content\r\n\r\n" });
fails('HTML', sub($) { data('<html><body>OK</body></html>', type => 'text/html') });
fails('nothing', sub($) { '' });
fails('no HTTP', sub($) { "+PONG\r\n" });
fails('half a header', sub($body) { substr(data($body), 0, 40) });
fails('half a body', sub($body) { substr(data($body), 0, -20) });
fails('half a chunk', sub($body) { substr(data($body, chunks => 40), 0, -30) });
fails('a chunk without a size', sub($body) {
    data($body, chunks => 40) =~ s/\r\n\r\n28/\r\n\r\nxx/r });
fails('an empty body', sub($) { data('') });
fails('compressed', sub($body) {
    gzip(\$body => \my $bytes);
    data($bytes) =~ s/\r\n/\r\nContent-Encoding: gzip\r\n/r });
fails('a huge header', sub($body) {
    my $long = 'x' x 100_000;
    data($body) =~ s/\r\n/\r\nX-A: $long\r\n/r });
fails('led elsewhere', sub($body) {
    data($body) =~ s/\r\n/\r\nX-Accel-Redirect: \/stores\/list\r\n/r });
fails("result $_", sub($body) { data($body =~ s/"SUCCESS"/$_/r) })
    for '"FAIL"', '"success"', '""', 'null', '1', 'true', '["SUCCESS"]', '{}';
fails("envelope $_", sub($body) { data($_) })
    for 'null', 'true', '5', '"data"', '[]', '{}', '[{"data":{"1":true}}]';
fails('an envelope in an array', sub($body) { data("[$body]") });
fails('two values', sub($body) { data($body . $body) });
fails('null data', sub($) { data(envelope('null')) });
fails('no data', sub($body) { data($body =~ s/"data"/"date"/r) });
fails('no envelope', sub($body) { data($body =~ /"data":(.*),"message"/ ? $1 : '') });
fails('invalid UTF-8', sub($body) { data($body =~ s/null/"\xff"/r) });
fails('a zero byte', sub($body) { data($body =~ s/null/"\0"/r) });
fails('too deep', sub($body) {
    data($body =~ s/null/'[' x 100_000 . ']' x 100_000/er) });

for my $data ('true', '1', '""', '[1]', '[[]]', '[null]',
    '{"1":1,"2":"true","subscriptionProductId":5}', '{"1":true,"2":1}',
    '{"1":true,"2":true,"x":"true"}',
    '{"1":[],"2":{},"subscriptionProductId":{}}', '{"1":' . '9' x 30 . '}')
{
    fails("data $data", sub($) { data(envelope($data)) });
}

is(shown(sub($) { data(envelope('{}')) }, '/stores/1/user'), 'false false null',
    'nothing about this store');
is(shown(sub($) { data(envelope('{"subscriptionProductId":null}')) },
    '/stores/1/user'), 'false false null', 'it has no product');
is(shown(sub($) { data(envelope('{"1":null}')) }, '/stores/list'), 'false false',
    'missing ids');
is(shown(sub($) { data(envelope('{"2":true}')) }, '/stores/list'), 'false true',
    'one of two');

for my $flower ('{}', '{"flowerName":"a"}', '{"flowerId":null,"flowerName":"a"}',
    '{"flowerId":1,"flowerName":5}', '{"flowerId":1.5,"flowerName":"a"}', 'null',
    '{"flowerId":"1","flowerName":"a"}', '{"flowerId":9223372036854775808,'
    . '"flowerName":"a"}', '{"flowerId":1,"flowerName":"' . '꽃' x 256 . '"}')
{
    is_unavailable(create(sub($) {
        data(envelope(qq([{"flowerId":2,"flowerName":"b"},$flower]))) }),
        "flower $flower");
}

is(dump_all(), $before, 'nothing was stored');

my $status = status($t);

is($status->{requests}{error}, 0, 'no 500');
ok(settles($t), 'nothing is in flight');
is($services->waiting(), 0, 'no call too many');

$t->done();
