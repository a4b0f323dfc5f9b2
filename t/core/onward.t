# What a location does not serve goes to its other handler, unchanged.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(upstream => 1, coupons => [ { id => 7 } ],
    http => 'client_max_body_size 16m;

    # the same without the module
    server {
        listen 127.0.0.1:%%public%%;
        server_name plain;

        location / { proxy_pass http://127.0.0.1:%%upstream%%; }
    }')->run();

# The upstream saw the request as plain nginx would have sent it, and the client
# got its answer.
sub goes_onward($name, $method, $uri, %o) {
    my @headers = ($o{headers} // [])->@*;
    my $answer = $t->request($method, $uri, %o);
    my $client = $t->new_client();
    my $bytes = BB::Client::request_bytes($method, $uri, %o)
        =~ s/Host: test/Host: plain/r;

    $client->write($bytes);
    my $plain = $client->answer(head => $method eq 'HEAD');
    my @seen = $t->upstream()->requests();

    is_deeply($seen[-2], $seen[-1], "$name: sent onward unchanged");
    is($seen[-2]{uri}, $uri, "$name: its URI");
    is($answer->whole(), $plain->whole(), "$name: answered");
    is_deeply([ $answer->interim() ], [ $plain->interim() ], "$name: told to go on");
}

sub stays($code) {
    my $before = () = $t->upstream()->requests();

    $code->();
    is(scalar(() = $t->upstream()->requests()), $before, 'none went onward');
}


# of a domain that is not served here

goes_onward('GET', 'GET', '/stores/list?page=0&size=4&x=%20%2F+y', user => 3);
goes_onward('HEAD', 'HEAD', '/stores/12/user');
goes_onward('OPTIONS', 'OPTIONS', '/stores/12/user');
goes_onward('DELETE', 'DELETE', '/stores/12');
goes_onward('another method', 'PROPFIND', '/stores/12');
goes_onward('POST', 'POST', '/stores/questions', user => 3,
    body => '{"title":"질문"}');
goes_onward('root', 'POST', '/stores/', user => 3, body => '{}');
goes_onward('root without a slash', 'POST', '/stores', user => 3, body => '{}');
goes_onward('broken JSON', 'PUT', '/stores/12', body => '{', type => 'text/plain');
goes_onward('an empty body', 'POST', '/stores/questions', body => '');
goes_onward('headers', 'GET', '/stores/list', user => [ 1, 2 ],
    headers => [ 'X-A' => 'b', 'x-a' => 'c, d', Cookie => 'e=f', Accept => '*/*' ]);
goes_onward('chunks', 'POST', '/stores/questions',
    chunks => [ 'a' x 100, 'b', 'c' x 5000 ]);
goes_onward('a large body', 'PUT', '/stores/12', body => 'flower!' x 300_000);
goes_onward('a large body in chunks', 'PUT', '/stores/12',
    chunks => [ ('flower!' x 9000) x 33 ]);
goes_onward('a client that asks first', 'POST', '/stores/questions', body => '{"a":1}',
    headers => [ Expect => '100-continue' ]);
goes_onward('and sends much', 'POST', '/stores/questions', body => 'x' x 100_000,
    headers => [ Expect => '100-continue' ]);
goes_onward('userId that we would refuse', 'GET', '/stores/12/user', user => 'x');


# of no endpoint at all

goes_onward('unknown', 'GET', "/stores/$_") for 'nothing/here', 'x;client/y',
    'x/..;/y/client', 'x/;/client', 'x/.;/test', 'x/y/..;/client', 'clients;/x',
    '..a;/client', ';client/x', 'x;/client', '...;/test', '1/coupons/7/x',
    'coupons', 'coupons/', 'coupons/7/members/1', '1/coupon', '1/Coupons', 'COUPONS/my',
    'a%2Fb', 'clients', 'testing/1', '1/client', '%EB%B4%84';


# never

stays(sub {
    for my $path (qw(client client/ client/stores/1/name client/stores/coupons/count
        actuator actuator/health test test/ test/x %63lient/x x/../client/y
        /client/y ./test/x))
    {
        is_not_found($t->get("/stores/$path", user => 1), "GET /stores/$path");
    }

    # a service behind may drop what follows a semicolon before it looks for dots
    is_not_found($t->get("/stores/$_", user => 1), "GET /stores/$_")
        for 'client;', 'client;/x', 'client;a=b/stores/1/name', 'actuator;x;y/health',
            'test;/x/', ';/client/x', ';a/client', '.;/client/x', './.;a/;b/test/x',
            'x/..;/client/x', 'x/y;z/..;/..;a/client/x', 'x;/..;/actuator', '..;/x',
            '..;a/stores/client/x', 'x/..;/..;/x', '%3B/client/x', 'client%3Ba/x',
            '%2e%2e;/x', 'x%2F..;/client';

    is_not_found($t->post('/stores/client/stores/coupons/7/users/1'),
        'an internal path under the public mount');
    is_not_found($t->post('/stores/actuator/shutdown', body => 'x' x 100_000,
        type => 'text/plain'), 'with a body');
    is_refused($t->post('/stores/test/coupons/7', user => 1, body => '{}'), 405,
        'the load test of old', [ qw(PUT DELETE) ]);
});


# what is served here does not go onward

stays(sub {
    is_data($t->get('/stores/coupons/my', user => 1), '{"data":[]}', 'served');
    is($t->claim(7, user => 1), ISSUED, 'served, with a body');
    is_refused($t->get('/stores/coupons/7'), 405, 'a wrong method', [ 'POST' ]);
    is_options($t->request('OPTIONS', '/stores/coupons/7'), [ 'POST' ], 'OPTIONS');
    is_invalid($t->get('/stores/undefined/coupons/product'), qr/storeId/, 'bad input');
});


# both kinds in one segment

my $client = $t->new_client();

$client->write(join('', map { BB::Client::request_bytes(@$_) }
    [ 'POST', '/stores/questions', body => 'first' ],
    [ $t->draw(7, 2) ],
    [ 'GET', '/stores/list?second' ],
    [ 'GET', '/stores/coupons/my' ],
    [ 'PUT', '/stores/12', chunks => [ 'third' ] ]));

is($client->answer()->json()->{size}, 5, 'in one segment: onward');
ok_void($client->answer(), 'served');
is($client->answer()->json()->{uri}, '/stores/list?second', 'onward');
is_invalid($client->answer(), 'userId header is required', 'refused');
is($client->answer()->json()->{size}, 5, 'onward');

$t->done();
