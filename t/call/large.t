# An answer of 10 MB counts as a failure, and one that does not end is not read.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store');
my $services = BB::Services->new($t);

$t->run();
add_stores($t, { id => 5 });

my $SIZE = 10 * 1024 * 1024;
my $client = $t->new_client();

for my $case ([ 'sized' ], [ 'in chunks', chunks => 65536 ],
    [ 'up to the end', chunks => 0 ])
{
    my ($name, %o) = @$case;
    my $n = 0;
    my $said = sub($call) {
        my $body = envelope($call->{uri} =~ /flowers/ ? '[]' : '{"5":true}')
            . ' ' x $SIZE;
        my $bytes = exists $o{chunks} && not($o{chunks})
            ? "HTTP/1.0 200 OK\r\n\r\n$body" : data($body, %o);

        $n++;
        $services->say($call, $bytes, end => 1);
        return undef;
    };

    my ($list) = $services->ask($client, $said, GET => '/stores/list', user => 7);
    like($list->body(), qr/"isLiked":false/, "S4: $name");

    my ($page) = $services->ask($client, $said, GET => '/stores/5/user', user => 7);
    like($page->body(), qr/"isLiked":false,"isSubscribed":false,"sub\w+":null\}/,
        "S5: $name");

    my ($store) = $services->ask($client, $said, POST => '/stores/', user => 9,
        body => store_body());
    is_unavailable($store, "S1: $name");

    is($n, 5, "$name: five calls");
}

is($t->db()->value('SELECT count(*) FROM store'), 1, 'nothing was stored');

# without an end
$client->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));

my ($call) = $services->calls(1);
my $mega = 'x' x 1024 ** 2;
my $n = 0;

$services->say($call, "HTTP/1.0 200 OK\r\n\r\n");
$n++ while $n < 1000 and $services->say($call, $mega);
cmp_ok($n, '<', 1000, "given up");
like($client->answer()->body(), qr/"isLiked":false/, 'without likes');
is($t->get('/stores/list')->status(), 200, 'the worker lives');
is($t->nginx()->log_text() =~ /temporary file/ ? 1 : 0, 0, 'nothing went to a file');

$t->done();
