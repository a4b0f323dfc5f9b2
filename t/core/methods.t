# Methods of every path: wrong ones, HEAD, OPTIONS, and one trailing slash.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7, issued => [ 1, 2, 3 ] } ])->run();

# path, its methods, and who may use them
my @paths = (
    [ '/stores/1/coupons', [ qw(GET POST) ], 101 ],
    [ '/stores/1/coupons/7', [ qw(PUT DELETE) ], 101 ],
    [ '/stores/coupons/7', [ qw(POST) ], 1 ],
    [ '/stores/1/coupons/all', [ qw(POST) ], 1 ],
    [ '/stores/1/coupons/product', [ qw(GET) ], 1 ],
    [ '/stores/1/coupons/payment', [ qw(POST) ], 1 ],
    [ '/stores/coupons/my', [ qw(GET) ], 1 ],
    [ '/stores/coupons/7/members', [ qw(GET) ], 101 ],
    [ '/client/stores/coupons/7/users/2', [ qw(POST) ], 1 ],
    [ '/client/stores/coupons/count', [ qw(GET) ], 1 ],
);

my $before = $t->dump();

for my $path (@paths) {
    my ($uri, $allow, $user) = @$path;
    my %allowed = map { $_ => 1 } @$allow;

    for my $method (qw(GET POST PUT DELETE PATCH PROPFIND PURGE)) {
        next if $allowed{$method};

        is_refused($t->request($method, $uri, user => $user), 405,
            "$method $uri", $allow);
        is_refused($t->request($method, "$uri/", user => 'x',
            body => '{', type => 'text/plain'), 405,
            "$method $uri/, whatever else is wrong", $allow);
    }

    is_options($t->request('OPTIONS', $uri), $allow, "OPTIONS $uri");
    is_options($t->request('OPTIONS', "$uri/?x=1", user => $user), $allow,
        "OPTIONS $uri/");

    if (not $allowed{GET}) {
        my $head = $t->request('HEAD', $uri, user => $user);

        is($head->status(), 405, "HEAD $uri");
        like($head->header('Allow'), qr/$allow->[0]/, "HEAD $uri: Allow");
    }
}

is($t->dump(), $before, 'nothing was written');


# HEAD is GET without the body

for my $path (grep { $_->[1][0] eq 'GET' } @paths) {
    my ($uri, undef, $user) = @$path;

    for my $id ($user, 'x') {
        my $get = $t->get($uri, user => $id);
        my $head = $t->request('HEAD', $uri, user => $id);

        is($get->status(), $id eq 'x' ? 400 : 200, "GET $uri for $id");
        is(headers($head), headers($get), "HEAD $uri for $id: the same headers");
        is($head->header('Content-Length'), length($get->body()),
            "HEAD $uri for $id: the length of the body");
        is($head->body(), '', "HEAD $uri for $id: no body");
    }

    is($t->get("$uri/", user => $user)->whole(),
        $t->get($uri, user => $user)->whole(), "GET $uri/");
}

ok($t->client()->is_closed(timeout => 0) == 0, 'the connection is still in step');

sub headers($answer) {
    return join("\n", $answer->status(), map { "$_->[0]: $_->[1]" }
        grep { $_->[0] ne 'Date' } $answer->{headers}->@*);
}


# a trailing slash at the others

my $draw = '{"nickname":"a","phoneNumber":"1"}';

ok_void($t->post('/stores/1/coupons/', user => 101, body => {
    couponName => 'a', discountPrice => 1, minPrice => 1, limitCount => 1,
    startDate => $t->today(), endDate => $t->today() }), 'created');
ok_void($t->post('/stores/coupons/7/', user => 4, body => $draw), 'drawn');
ok_void($t->post('/stores/1/coupons/all/', user => 5, body => $draw), 'all drawn');
is_deeply([ $t->holders(7) ], [ 1 .. 5 ], 'both of them');
like($t->post('/stores/1/coupons/payment/', user => 5, body => '60000')->body(),
    qr/"couponId":7/, 'usable in an order');
ok_void($t->post('/client/stores/coupons/7/users/1/'), 'used');
ok_void($t->put('/stores/1/coupons/7/', user => 101, body => {
    couponName => 'b', discountPrice => 1, minPrice => 1, limitCount => 9,
    startDate => $t->today(), endDate => $t->today() }), 'edited');
ok_void($t->delete('/stores/1/coupons/7/', user => 101), 'deleted');
is_deeply([ $t->db()->rows('SELECT coupon_name, limit_count, is_deleted
    FROM coupon WHERE id = 7') ], [ [ 'b', 9, 1 ] ], 'both stored');

$t->done();
