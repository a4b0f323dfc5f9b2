# A path is split into segments as it was sent, and each is then decoded, once.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Client;
use BB::Port;
use BB::Test;

my $UNMERGED = BB::Port::take();
my $t = BB::Test->new(domains => 'coupon question', upstream => 1,
    http => "server { listen 127.0.0.1:$UNMERGED; merge_slashes off;
        location /stores/ { bb_store coupon question;
            proxy_pass http://127.0.0.1:%%upstream%%; } }",
    internal => 'proxy_pass http://127.0.0.1:%%upstream%%;',
    stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7, issued => [ 1 ] } ])->run();

my $before = $t->dump();


# numbers: a slash within the segment makes it none

for my $slash ('%2F', '%2f') {
    for my $number ("1${slash}2", "1$slash", "${slash}1", $slash, "1$slash..${slash}1",
        "%31${slash}2", "%252F1${slash}")
    {
        is_invalid($t->request(@$_[ 0, 1 ], user => 101, body => '{}'),
            qr/$_->[2]/, "$_->[0] $_->[1]") for
            [ GET => "/stores/$number/coupons", 'storeId' ],
            [ GET => "/stores/$number/coupons/product/", 'storeId' ],
            [ GET => "/stores/$number/questions", 'storeId' ],
            [ DELETE => "/stores/1/coupons/$number", 'couponId' ],
            [ POST => "/stores/coupons/$number", 'couponId' ],
            [ GET => "/stores/coupons/$number/members", 'couponId' ],
            [ GET => "/stores/questions/$number", 'questionId' ],
            [ POST => "/client/stores/coupons/$number/users/1", 'couponId' ],
            [ POST => "/client/stores/coupons/7/users/$number", 'userId' ];
    }
}

is_invalid($t->get("/stores/$_/coupons", user => 101), qr/storeId/, "storeId $_")
    for '%2531', '1%25', '1%3F', '1%23', '1%20', '%091', '%C3%A9', '%FF';

# the digits and the sign may be encoded
is($t->get("/stores/$_/coupons", user => 101)->status(), 200, "storeId $_")
    for '%31', '%2B1', '%30%31';
is_data($t->get('/stores/%2D1/coupons/product'), '{"data":[]}', 'a negative number');
is_fail($t->post('/client/stores/coupons/%37/users/%31%31'), '발급된적 없는 쿠폰입니다.',
    'on the internal mount');


# literals, encoded or not, also beside an encoded slash

is_data($t->get($_, user => 9), '{"data":[]}', $_)
    for '/stores/%63oupons/my', '/stores/coupons/%6Dy', '/stores/%63%6f%75pons/m%79/',
        '/stores/coupons/my?a%2Fb', '/stores/1%32/coupons/%70roduct';
is_data($t->get('/client/stores/coupons/%63ount', user => 9), '0', 'internal');
is_invalid($t->get($_, user => 101), qr/storeId/, $_)
    for '/stores/1%2F2/%63oupons', '/%73tores/1%2F2/coupons/%70roduct';
is_invalid($t->get($_), qr/questionId/, $_)
    for '/stores/questions/product%2Fp', '/stores/%71uestions/1%2F';
is_refused($t->get('/stores/coupons/7%2F8'), 405, 'a wrong method comes first',
    [ 'POST' ]);
is_options($t->request('OPTIONS', '/stores/%63oupons/7%2F8'), [ 'POST' ], 'OPTIONS');

# a literal segment behind which nothing ends is none: 400, as in place of any number

for my $case ([ GET => '/stores/questions/product', 'questionId' ],
    [ GET => '/stores/questions/product/', 'questionId' ],
    [ POST => '/stores/questions/my-page/answers', 'questionId' ],
    [ GET => '/stores/coupons/my/members', 'couponId' ],
    [ POST => '/client/stores/coupons/count/users/1', 'couponId' ])
{
    my ($method, $path, $name) = @$case;

    is_invalid($t->request($method, $path, user => 101, body => '"a"'),
        "$name is not a 64-bit integer", "$method $path");
}

# the first one is never a number, and one that is an endpoint has its methods
is($t->get("/stores/$_", user => 101)->json()->{uri}, "/stores/$_", "$_ goes onward")
    for 'map', 'address/', 'coupons/', 'map/questions', 'coupons/my/x';
is_refused($t->post('/stores/coupons/my', user => 1), 405, 'not a draw',
    [ 'GET', 'HEAD' ]);

# an encoded slash does not separate: these are other paths, and nobody's here
for my $path ('coupons%2Fmy', '1%2Fcoupons', '1/coupons%2Fproduct', '%2F', 'a%2Fb',
    'coupons/7/members%2F', 'questions%2F1', '1/questions%2f', '1/%63oupons%2F7')
{
    is($t->get("/stores/$path", user => 1)->json()->{uri}, "/stores/$path",
        "$path goes onward as it is");
}


# texts

my @products = ([ 'a%2Fb', 'a/b' ], [ 'a%2fb', 'a/b' ], [ 'a%252Fb', 'a%2Fb' ],
    [ 'a%25252Fb', 'a%252Fb' ], [ 'a%252Fb%2F', 'a%2Fb/' ], [ 'a%2Fmy', 'a/my' ],
    [ '%2F', '/' ], [ '%2F%2F', '//' ], [ 'a%2F', 'a/' ], [ '%2Fa', '/a' ],
    [ 'my', 'my' ], [ '%61', 'a' ], [ 'a+b', 'a+b' ], [ 'a%2Bb%2F', 'a+b/' ],
    [ 'a%20b', 'a b' ], [ 'a%3Fb', 'a?b' ], [ 'a%3Fb%2Fc%23', 'a?b/c#' ],
    [ 'a%25', 'a%' ], [ 'a;b=c', 'a;b=c' ], [ '%27%22%5C', q('"\\) ],
    [ 'a%0Ab', "a\nb" ], [ '%EB%B4%84', '봄' ], [ '%eb%b4%84%2f%F0%9F%8C%B8',
        "봄/\xf0\x9f\x8c\xb8" ]);

for my $product (do { my %seen; grep { not $seen{$_}++ } map { $_->[1] } @products }) {
    $t->db()->do("INSERT INTO question (store_id, user_id, nickname, product_id,
            product_name, title, content)
        VALUES (1, 5, '봄이', ?, '장미', '문의', ?)", $product, $product);
}

# What a list of questions holds, which is one of each product.
sub product($path, %o) {
    my $answer = $t->get("/stores/questions/$path", %o);

    return $answer->whole() if $answer->status() != 200;
    return join('|', map { $_->{content} } $answer->json()->{data}{data}->@*);
}

for my $case (@products) {
    my ($path, $product) = @$case;

    is(product("product/$path"), $product, "product/$path");
    is(product("product/$path/", user => 1), $product, "product/$path/");
    is(product("product/$path/my", user => 5), $product, "product/$path/my");
    is(product("%70roduct/$path/m%79?size=1&x=%2F", user => 5), $product,
        "product/$path/my, literals encoded");
}

for my $text ('%FF', 'a%C3', '%C0%AF', '%E0%80%AF', '%ED%A0%80', '%F5%80%80%80', '%80a',
    '%EB%B4')
{
    for my $path ($text, "a%2F$text", "$text%2F") {
        is_invalid($t->get("/stores/questions/product/$path"), qr/productId/,
            "product/$path is no text");
        is_invalid($t->get("/stores/questions/product/$path/my", user => 5),
            qr/productId/, "product/$path/my is no text");
    }
}

is($t->get('/stores/questions/product/a/b')->json()->{uri},
    '/stores/questions/product/a/b', 'two segments are no product');

my $head = $t->request('HEAD', '/stores/questions/product/a%2Fb');

is($head->status() . $head->body(), 200, 'HEAD');


# what is closed stays closed, also for a service behind that decodes before it splits

my $onward = () = $t->upstream()->requests();

is_not_found($t->get("/stores/$_", user => 1), "GET /stores/$_")
    for 'client/a%2Fb', '%63lient/a%2Fb', '%63lient%2Fa', 'client%2F', '%2Fclient/x',
        'actuator%2Fhealth', '%61ctuator/%2F', 'test%2fx', '%74est%2F%78',
        './client/a%2Fb', '%2e/client/a%2Fb', '//client/a%2Fb',
        'x/../client/a%2Fb', 'x%2F../client/b';
is(scalar(() = $t->upstream()->requests()), $onward, 'none went onward');

# where nginx does not merge slashes, a segment may be empty: it is nothing's value
my $unmerged = BB::Client->new($UNMERGED);

is($unmerged->request('GET', "/stores/$_", user => 1)->json()->{uri}, "/stores/$_",
    "unmerged: $_ goes onward") for '/coupons', 'coupons//members',
    'questions/product//my',
        'questions/product//', '/1/coupons/product', '//', '/', 'coupons/my//';
is_not_found($unmerged->request('GET', "/stores/$_", user => 1), "unmerged: $_")
    for '/client/x', '//test', 'x/..;//client', '//;//actuator';
is_data($unmerged->request('GET', '/stores/coupons/my', user => 9), '{"data":[]}',
    'unmerged: served');

# on the internal mount nothing is closed
is($t->get("/client/stores/$_")->json()->{uri}, "/client/stores/$_", "internal: $_")
    for 'client/x', 'test', 'actuator/health', 'x/..;/..;/y';

is($t->dump(), $before, 'nothing was written');

$t->done();
