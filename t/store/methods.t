# Methods of every path of the domain: wrong ones, HEAD, OPTIONS, one slash more.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

add_stores($t, { id => 1 });

# path, its methods
my @paths = (
    [ '/stores', [ qw(POST) ] ],
    [ '/stores/1', [ qw(GET PUT) ] ],
    [ '/stores/list', [ qw(GET) ] ],
    [ '/stores/1/user', [ qw(GET) ] ],
    [ '/stores/1/manager', [ qw(GET) ] ],
    [ '/stores/map/location', [ qw(GET) ], '?lat=0&lon=0&level=1' ],
    [ '/stores/map/region', [ qw(GET) ], '?sido=11&gugun=' ],
    [ '/stores/1/delivery-policy', [ qw(GET) ] ],
    [ '/stores/admin', [ qw(GET) ], '?sido=11' ],
    [ '/stores/address/sido', [ qw(GET) ] ],
    [ '/stores/address/gugun', [ qw(GET) ], '?sido=11' ],
    [ '/client/stores/id', [ qw(GET) ] ],
    [ '/client/stores/1/info', [ qw(GET) ] ],
    [ '/client/stores/1/name', [ qw(GET) ] ],
    [ '/client/stores/store-name', [ qw(GET) ], '?storeIds=1' ],
    [ '/client/stores/1', [ qw(GET) ] ],
    [ '/client/stores', [ qw(GET) ] ],
    [ '/client/stores/coupons/validate-purchase', [ qw(POST) ] ],
    [ '/client/stores/simple-info', [ qw(POST) ] ],
    [ '/client/stores/settlements', [ qw(POST) ] ],
    [ '/client/stores/policy', [ qw(POST) ] ],
);

for my $path (@paths) {
    my ($uri, $allow, $query) = @$path;
    my %allowed = map { $_ => 1 } @$allow;

    for my $method (grep { not $allowed{$_} } qw(GET POST PUT DELETE PATCH)) {
        is_refused($t->request($method, $uri, user => 101), 405,
            "$method $uri", $allow);
        is_refused($t->request($method, "$uri/", user => 'x', body => '{',
            type => 'text/plain'), 405, "$method $uri/", $allow);
    }

    is_options($t->request('OPTIONS', $uri), $allow, "OPTIONS $uri");
    is_options($t->request('OPTIONS', "$uri/"), $allow, "OPTIONS $uri/");

    next if not $allowed{GET};

    $query //= '';
    my $get = $t->get("$uri$query", user => 101);
    my $head = $t->request('HEAD', "$uri$query", user => 101);

    is($get->json()->{result}, 'SUCCESS', "GET $uri");
    is($head->status(), 200, "HEAD $uri");
    is($head->header('Content-Length'), length($get->body()), 'the same length');
    is($head->body(), '', 'no body');
    is($t->get("$uri/$query", user => 101)->whole(), $get->whole(), "GET $uri/");
}


# a reserved first segment is no store, and nothing internal is public

is_not_found($t->get($_, user => 101), "GET $_")
    for qw(/stores/list/user /stores/map /stores/map/user /stores/address
        /stores/admin/manager /stores/1/info /stores/1/name /stores/1/user/2
        /stores/client/stores/1 /client/stores/1/user /client/stores/id/name
        /client/stores/coupons /client/stores/policy/info);
is_invalid($t->get("/stores/$_", user => 101), 'storeId is not a 64-bit integer',
    "/stores/$_ is no store") for qw(id store-name simple-info);

$t->done();
