# The module in every kind of location, and beside nginx's other directives: what is
# served is served by it, what is not goes where it would go without it.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(upstream => sub($request) {
        # a service behind that sends nginx on, or says what it was asked
        my ($to) = $request->{uri} =~ m{^/accel\?(.*)};

        return [ 200, $to ? [ 'X-Accel-Redirect' => $to ] : [],
            $request->{uri} eq '/ssi/x'
                ? '<!--# include virtual="/first/coupons/my" -->'
                : "onward $request->{method} $request->{uri}" ];
    },
    coupons => [ { id => 7, limit => 1000 } ],
    http => 'limit_req_zone $http_x_caller zone=callers:1m rate=1r/m;',
    server => '
    location /api/v1/stores/ { bb_store coupon; proxy_pass %%onward%%; }
    location = /exact { bb_store coupon; bb_store_mount /exact;
        proxy_pass %%onward%%; }
    location = /exact/coupons/my { bb_store coupon; bb_store_mount /exact;
        proxy_pass %%onward%%; }
    location ^~ /first/ { bb_store coupon; proxy_pass %%onward%%; }
    location ~ ^/regex/v(\d)/ { bb_store coupon; bb_store_mount /regex/v1;
        proxy_pass %%onward%%; }
    location ~* ^/anycase/ { bb_store coupon; bb_store_mount /anycase;
        proxy_pass %%onward%%; }

    location /nested/ {
        bb_store coupon;
        proxy_pass %%onward%%;

        location /nested/own/ { bb_store coupon; bb_store_mount /nested;
            proxy_pass %%onward%%; }
        location /nested/coupons/ { proxy_pass %%onward%%; }
    }

    location /named/ { try_files /no/such/file @store; }
    location @store { bb_store coupon; bb_store_mount /named;
        proxy_pass %%onward%%; }

    location /last/ { rewrite ^/last/(.*) /first/$1 last; }
    location /break/ { rewrite ^/break(/.*) /some$1 break; bb_store coupon;
        bb_store_mount /some/; proxy_pass %%onward%%; }
    location /away/ { rewrite ^/away/(.*) /elsewhere/$1 break; bb_store coupon;
        proxy_pass %%onward%%; }
    location /server_rewrite/ { return 500; }
    rewrite ^/server_rewrite/(.*) /first/$1;
    rewrite ^/first/old/(.*) /first/$1;

    location /accel { proxy_pass %%onward%%; }
    location /failing/ { error_page 404 = /first/coupons/my; return 404; }
    location /page/ { bb_store coupon; error_page 400 404 405 413 415 500 /first/x;
        proxy_pass %%onward%%; proxy_intercept_errors on; }

    location /alias/ { bb_store coupon; alias %%dir%%/; }
    location /try/ { bb_store coupon; try_files $uri @onward; }
    location @onward { proxy_pass %%onward%%; }

    location /if/ {
        bb_store coupon;
        if ($http_x_if) { set $seen 1; }
        if ($http_x_return) { return 403 "not you"; }
        add_header X-Seen $seen;
        proxy_pass %%onward%%;
    }
    location /if_mounted/ {
        bb_store coupon;
        bb_store_mount /if_mounted/v1;
        if ($http_x_if) { add_header X-Seen block; }
    }
    location ~ ^/if_regex/v\d/ {
        bb_store coupon;
        bb_store_mount /if_regex/v1;
        if ($http_x_if) { add_header X-Seen block; }
    }
    location /if_alone/ {
        bb_store coupon;
        if ($http_x_if) { add_header X-Seen block; }
    }
    location /limited/ {
        bb_store coupon;
        limit_except GET POST { deny all; }
        proxy_pass %%onward%%;
    }
    location /excepted/ {
        bb_store coupon;
        limit_except GET { allow all; }
        proxy_pass %%onward%%;
    }

    location /returned/ { bb_store coupon; return 204; }
    location /denied/ { bb_store coupon; deny all; proxy_pass %%onward%%; }
    location /rate/ { bb_store coupon; limit_req zone=callers;
        limit_req_status 429; proxy_pass %%onward%%; }
    location /auth/ { bb_store coupon; auth_request /who; proxy_pass %%onward%%; }
    location = /who { if ($http_x_who) { return 204; } return 401; }
    location /auth_here/ { auth_request /first/coupons/my; proxy_pass %%onward%%; }

    location /mirrored/ { bb_store coupon; mirror /copy; proxy_pass %%onward%%; }
    location = /copy { internal; proxy_pass %%onward%%/copy; }
    location /mirroring/ { mirror /first/coupons/7; proxy_pass %%onward%%; }

    location /ssi/ { ssi on; ssi_types *; proxy_pass %%onward%%; }
    location /unbuffered/ { bb_store coupon; proxy_request_buffering off;
        proxy_http_version 1.1; proxy_pass %%onward%%; }
    location /files/ { bb_store coupon; client_body_in_file_only clean;
        client_body_in_single_buffer off; proxy_pass %%onward%%; }
    location /slow/ { bb_store coupon; limit_rate 200; proxy_pass %%onward%%; }
    location /zip/ { bb_store coupon; gzip on; gzip_types application/json;
        gzip_min_length 0; proxy_pass %%onward%%; }
' =~ s{%%onward%%}{http://127.0.0.1:%%upstream%%}gr);

$t->{server} =~ s{%%dir%%}{$t->dir()}ge;
$t->run();

my $body = '{"nickname":"a","phoneNumber":"1"}';
my $user = 1000;

sub draw($path, %o) {
    return $t->post("$path/coupons/7", user => ++$user, body => $body, %o);
}

# Served there, whatever else stands in the location.
sub serves($mount, $name, %o) {
    is_data($t->get("$mount/coupons/my", user => 9, %o), '{"data":[]}', "$name: GET");
    ok_void(draw($mount, %o), "$name: POST");
    is_invalid($t->get("$mount/coupons/my", %o), 'userId header is required',
        "$name: bad input");
    is_refused($t->delete("$mount/coupons/7", %o), 405, "$name: a wrong method",
        [ 'POST' ]);
    is_not_found($t->get("$mount/client/stores/1/name", %o), "$name: closed");
}

sub goes($path, $to, $name, %o) {
    is($t->get($path, %o)->body(), "onward GET $to", $name);
}

for my $case ([ '/api/v1/stores', 'a longer prefix' ],
    [ '/first', 'before regular ones' ], [ '/regex/v1', 'a regular expression' ],
    [ '/anycase', 'without case' ], [ '/named', 'named' ],
    [ '/unbuffered', 'proxy_request_buffering off' ],
    [ '/files', 'client_body_in_file_only' ])
{
    my ($path, $name) = @$case;

    serves($path, $name);
    goes("$path/no/where", "$path/no/where", "$name: onward");
}

goes('/regex/v2/coupons/my', '/regex/v2/coupons/my', 'outside the mount', user => 9);
goes('/AnyCase/coupons/my', '/AnyCase/coupons/my', 'the mount has a case', user => 9);

# exact ones
is_data($t->get('/exact/coupons/my', user => 9), '{"data":[]}', 'exact');
goes('/exact', '/exact', 'exact: onward');
is_refused($t->post('/exact/coupons/my'), 405, 'exact: a wrong method', [ 'GET' ]);

# nested ones are locations of their own, as for any handler
goes('/nested/coupons/my', '/nested/coupons/my', 'nested: not inherited', user => 9);
is_invalid($t->get('/nested/1/coupons'), 'userId header is required', 'beside it');
is_invalid($t->get('/nested/own/coupons/product'), 'storeId is not a 64-bit integer',
    'nested, with a handler of its own');

# rewritten
serves('/last', 'rewritten, then found');
serves('/break', 'rewritten in the location');
serves('/server_rewrite', 'rewritten in the server');
goes('/away/coupons/my', '/elsewhere/coupons/my', 'rewritten away', user => 9);

is_data($t->get('/first/old/coupons%2Fmy', user => 9), '{"data":[]}',
    'rewritten within the mount: the path as it was sent does not count');

# redirected within nginx
is_data($t->get('/accel?/first/coupons/my', user => 9), '{"data":[]}',
    'X-Accel-Redirect');
is_data($t->get('/failing/a', user => 9), '{"data":[]}', 'error_page');
is_data($t->post('/failing/a', user => 9, body => $body), '{"data":[]}',
    'error_page after a POST');
is_invalid($t->get('/page/coupons/my'), 'userId header is required',
    'our 400 is no error page');
is_refused($t->get('/page/coupons/7'), 405, 'our 405 neither', [ 'POST' ]);
is_refused($t->post('/page/coupons/7', user => 1, body => 'a', type => 'text/plain'),
    415, 'our 415 neither');
is_not_found($t->get('/page/test/x'), 'our 404 neither');

# without another handler
is_not_found($t->get('/alias/nginx/nginx.conf', user => 9), 'alias: no files');
is_data($t->get('/alias/coupons/my', user => 9), '{"data":[]}', 'alias: served');
is_data($t->get('/try/coupons/my', user => 9), '{"data":[]}', 'try_files: served');
is_not_found($t->get('/try/list'), 'try_files is no handler');

# blocks within the location
# Takes the header off that shows which block was used.
sub seen($answer, $value) {
    is($answer->header('X-Seen'), $value, 'the block is used');
    $answer->{headers} = [ grep { $_->[0] ne 'X-Seen' } $answer->{headers}->@* ];
    return $answer;
}

my @if = (headers => [ 'X-If' => 1 ]);

serves('/if', 'an if that is not taken');
is_data(seen($t->get('/if/coupons/my', user => 9, @if), 1), '{"data":[]}', 'if: GET');
ok_void(seen(draw('/if', @if), 1), 'if: POST');
is_not_found($t->get('/if/client/x', @if), 'if: closed');
goes('/if/no/where', '/if/no/where', 'if: onward', @if);
is($t->get('/if/coupons/my', user => 9, headers => [ 'X-Return' => 1 ])->body(),
    'not you', 'if with return');
is_data(seen($t->get('/if_alone/coupons/my', user => 9, @if), 'block'), '{"data":[]}',
    'if without another handler: GET');
is_not_found($t->get('/if_alone/no/where', @if),
    'if without another handler: not found');
is_data(seen($t->get("$_/coupons/my", user => 9, @if), 'block'), '{"data":[]}',
    "if below the mount $_") for '/if_mounted/v1', '/if_regex/v1';
is_data($t->get('/excepted/coupons/my', user => 9), '{"data":[]}', 'not limit_except');
ok_void(draw('/excepted'), 'limit_except: POST');
is($t->post('/excepted/no/where')->body(), 'onward POST /excepted/no/where',
    'limit_except: onward');
is_not_found($t->post('/excepted/client/x'), 'limit_except: closed');
ok_void(draw('/limited'), 'limit_except: allowed');
is($t->delete('/limited/1/coupons/7', user => 101)->status(), 403,
    'limit_except: denied');

# what comes before
is($t->get('/returned/coupons/my', user => 9)->status(), 204, 'return');
is($t->get('/denied/coupons/my', user => 9)->status(), 403, 'deny');
is_data($t->get('/rate/coupons/my', user => 9, headers => [ 'X-Caller' => 'a' ]),
    '{"data":[]}', 'limit_req: the first');
is($t->get('/rate/coupons/my', user => 9, headers => [ 'X-Caller' => 'a' ])->status(),
    429, 'limit_req: the second');
is(draw('/auth')->status(), 401, 'auth_request: no');
ok_void(draw('/auth', headers => [ 'X-Who' => 1 ]), 'auth_request: yes');
is($t->get('/auth/coupons/my', headers => [ 'X-Who' => 1 ])->status(), 400,
    'auth_request: then our own checks');

# a subrequest is never answered here: it goes onward
my @before = $t->holders(7);

goes('/auth_here/x', '/auth_here/x', 'auth_request to a location of ours', user => 9);
is($t->post('/mirroring/x', user => 9, body => $body)->body(),
    'onward POST /mirroring/x', 'mirror to a location of ours');
is_deeply([ $t->holders(7) ], \@before, 'a mirrored draw draws nothing');

goes('/ssi/x', '/first/coupons/my', 'include of a location of ours', user => 9);

# mirror copies what goes onward, and only that
sub copies() {
    return map { $_->{uri} } grep { $_->{uri} =~ m{^/copy} } $t->upstream()->requests();
}

is_data($t->get('/mirrored/coupons/my', user => 9), '{"data":[]}', 'mirror: served');
goes('/mirrored/x', '/mirrored/x', 'mirror: onward');
ok(await(10, sub { copies() }), 'what goes onward is copied');
is_deeply([ copies() ], [ '/copy' ], 'and only that');

# what changes an answer on its way
my $zipped = $t->get('/zip/coupons/my', user => 9,
    headers => [ 'Accept-Encoding' => 'gzip' ]);

is($zipped->header('Content-Encoding'), 'gzip', 'gzip');
is_data($t->get('/slow/coupons/my', user => 9), '{"data":[]}', 'limit_rate');

$t->done();
