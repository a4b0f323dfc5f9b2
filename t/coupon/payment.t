# The coupons that a user can use in an order: POST /{storeId}/coupons/payment.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(
    stores => [ { id => 1, name => '봄꽃집' } ],
    coupons => [
        { id => 12, min => 0, discount => 9007199254740993, end => 0, issued => [ 1 ] },
        { id => 5, name => '봄맞이', end => 6, min => 60000, issued => [ 1 ] },
        { id => 6, issued => [ { user => 1, used => 1 } ] },
        { id => 7, deleted => 1, issued => [ 1 ] },
        { id => 8, start => -5, end => -1, issued => [ 1 ] },
        { id => 9, start => 1, issued => [ 1 ] },
        { id => 10, issued => [ 2 ] },
        { id => 20, store => 2, issued => [ 1 ] },
    ])->run();

my $uri = '/stores/1/coupons/payment';

sub list($five, $twelve) {
    return '{"data":[{"couponId":5,"couponName":"봄맞이","storeName":"봄꽃집",'
        . '"discountPrice":3000,"endDate":"' . $t->today(6)
        . qq(","minPrice":60000,"isAvailable":$five},)
        . '{"couponId":12,"couponName":"쿠폰 12","storeName":"봄꽃집",'
        . '"discountPrice":9007199254740993,"endDate":"' . $t->today()
        . qq(","minPrice":0,"isAvailable":$twelve}]});
}

my %available = (
    '60000' => 1, '59999' => 0, '60001' => 1, '9223372036854775807' => 1,
    '0' => 0, '"60000"' => 1, '" 60000 "' => 1, '60000.9' => 1, '59999.9' => 0,
    '6e4' => 1, "60000\n" => 1, '"+60000"' => 1,
);

for my $amount (sort keys %available) {
    my $list = list($available{$amount} ? 'true' : 'false', 'true');

    is_data($t->post($uri, user => 1, body => $amount), $list, "bare: $amount");
    is_data($t->post($uri, user => 1, body => qq({"totalAmount":$amount})), $list,
        "object: $amount");
}

is_data($t->post($uri, user => 1, body => '{"totalAmount":-1}'),
    list('false', 'false'), 'a negative amount');
is_data($t->post($uri, user => 1, body =>
    '{"totalAmount":null,"x":[{"totalAmount":1}],"totalAmount":60000}'),
    list('true', 'true'), 'the last of repeated members');
is_data($t->post($uri, user => 1, body => '60000', type => undef),
    list('true', 'true'), 'without a media type');
is_data($t->post($uri, user => 9, body => '60000'), '{"data":[]}', 'who has none');
is_data($t->post("/stores/$_/coupons/payment", user => 1, body => '60000'),
    '{"data":[]}', "store $_ has none") for 99, 0, -1;

is_invalid($t->post($uri, body => '60000'), 'userId header is required',
    'no userId');
is_invalid($t->post($uri, user => 1, body => $_), 'totalAmount cannot be null',
    "no amount: $_") for '{}', '{"totalAmount":null}', '{"totalAmount":""}', '""',
    '{"TotalAmount":1}';
is_invalid($t->post($uri, user => 1, body => $_), qr/totalAmount/, "not one: $_")
    for '"abc"', 'true', '{"totalAmount":"6e4"}', '{"totalAmount":"3.7"}',
    '{"totalAmount":[60000]}', '{"totalAmount":{}}', '"9223372036854775808"',
    '1e19', '{"totalAmount":"0x10"}', '"6 0"';
is_invalid($t->post($uri, user => 1, body => $_), qr/./, "no request: $_")
    for 'null', '', '[60000]', '60000 60000', '{"totalAmount":60000}}', '6OOOO',
    '9223372036854775808', '-9223372036854775809';

is($t->db()->value('SELECT count(*) FROM issued_coupon WHERE is_used'), 1,
    'it reads only');

$t->done();
