# The endpoint tables are the contract, all 45 rows of it, and the server answers
# each of them.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Endpoints;
use BB::Test;

# r: userId is required, o: optional, -: not read, O: the store's manager
my @CONTRACT = map { [ split ] } grep { /\S/ } split(/\n/, <<'END');
    S1    POST    /stores                                             r
    S2    PUT     /stores/{storeId}                                   O
    S3    GET     /stores/{storeId}                                   O
    S4    GET     /stores/list                                        o
    S5    GET     /stores/{storeId}/user                              o
    S6    GET     /stores/{storeId}/manager                           O
    S7    GET     /stores/map/location                                o
    S8    GET     /stores/map/region                                  o
    S9    GET     /stores/{storeId}/delivery-policy                   -
    S10   GET     /stores/admin                                       -
    S11   GET     /stores/address/sido                                -
    S12   GET     /stores/address/gugun                               -
    SI1   GET     /client/stores/id                                   r
    SI2   GET     /client/stores/{storeId}/info                       -
    SI3   GET     /client/stores/{storeId}/name                       -
    SI4   GET     /client/stores/store-name                           -
    SI5   GET     /client/stores/{storeId}                            -
    SI6   GET     /client/stores                                      -
    SI7   POST    /client/stores/coupons/validate-purchase            -
    SI8   POST    /client/stores/simple-info                          -
    SI9   POST    /client/stores/settlements                          -
    SI10  POST    /client/stores/policy                               -
    C1    POST    /stores/{storeId}/coupons                           O
    C2    PUT     /stores/{storeId}/coupons/{couponId}                O
    C3    DELETE  /stores/{storeId}/coupons/{couponId}                O
    C4    GET     /stores/{storeId}/coupons                           O
    C5    POST    /stores/coupons/{couponId}                          r
    C6    POST    /stores/{storeId}/coupons/all                       r
    C7    GET     /stores/{storeId}/coupons/product                   o
    C8    POST    /stores/{storeId}/coupons/payment                   r
    C9    GET     /stores/coupons/my                                  r
    C10   GET     /stores/coupons/{couponId}/members                  r
    CI1   POST    /client/stores/coupons/{couponId}/users/{userId}    -
    CI2   GET     /client/stores/coupons/count                        r
    G1    PUT     /stores/{storeId}/flowers/stocks                    O
    G2    GET     /stores/{storeId}/flowers/stocks                    O
    GI1   PUT     /client/stores/flowers/stocks/add                   -
    GI2   PUT     /client/stores/flowers/stocks/subtract              -
    Q1    POST    /stores/questions                                   r
    Q2    GET     /stores/questions/{questionId}                      o
    Q3    POST    /stores/questions/{questionId}/answers              O
    Q4    GET     /stores/{storeId}/questions                         O
    Q5    GET     /stores/questions/product/{productId}               o
    Q6    GET     /stores/questions/product/{productId}/my            r
    Q7    GET     /stores/questions/my-page                           r
END

my %USER = (none => '-', optional => 'o', required => 'r', owner => 'O');


# the tables

my @rows = endpoints();

is(scalar @rows, 45, '45 rows');

my %id = map { $_->{id} => 1 } @rows;

is(scalar keys %id, scalar @rows, 'each with an id of its own');

# Rows that match one request in which no variable has the value of a literal.
my %same;

push $same{"$_->{method} " . $_->{url} =~ s/\{\w+\}/{}/gr}->@*, $_->{id} for @rows;
is_deeply([ grep { @$_ > 1 } values %same ], [], 'no two match the same request');

is(join("\n", sort map { "$_->{id} $_->{method} $_->{url} $USER{$_->{user}}" } @rows),
    join("\n", sort map { "@$_" } @CONTRACT), 'they are those of the contract');


# the server

my $t = BB::Test->new(domains => 'store coupon cargo question')->run();

# The row's path, each variable 1 unless %value has another one.
sub path($url, %value) { return $url =~ s/\{(\w+)\}/$value{$1} \/\/ 1/ger }

my %methods;

push $methods{$_->{url}}->@*, $_->{method} for @rows;

for my $url (sort keys %methods) {
    my $allow = [ sort $methods{$url}->@* ];
    my $path = path($url);

    is_options($t->request('OPTIONS', $path), $allow, "$url: its methods");
    is_refused($t->request('PATCH', $path), 405, "$url: no others", $allow);
    is_options($t->request('OPTIONS', "$path/"), $allow, "$url/: the same");
}

for my $row (@rows) {
    my ($id, $method) = $row->@{qw(id method)};
    my $answer = $t->request($method, path($row->{url}), user => 1);

    like($answer->status(), qr/\A(?:200|400)\z/, "$id: answered");

    $answer = $t->request($method, path($row->{url}));

    if ($row->{user} =~ /\A(?:required|owner)\z/) {
        is_invalid($answer, 'userId header is required', "$id: needs userId");

    } else {
        unlike($answer->body(), qr/userId/, "$id: does without userId");
    }

    if ($method eq 'GET') {
        my ($get, $head) = map { $t->request($_, path($row->{url}), user => 1) }
            qw(GET HEAD);

        is(join(' ', $head->status(), $head->header('Content-Length'), $head->body()),
            join(' ', $get->status(), length($get->body()), ''),
            "$id: HEAD is GET without its body");
    }

    for my $name ($row->{path} =~ /\{(\w+)\}/g) {
        $answer = $t->request($method, path($row->{url}, $name => 'undefined'),
            user => 1);

        if ($name eq 'productId') {
            is($answer->status(), 200, "$id: $name is a text");

        } else {
            is_invalid($answer, "$name is not a 64-bit integer",
                "$id: $name is an integer");
        }
    }
}

$t->done();
