# A user draws a coupon: POST /coupons/{couponId}.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(coupons => [
    { id => 7, limit => 2 },
    { id => 8, start => 0, end => 0 },
    { id => 9, start => -3, end => -1, issued => [ 1 ] },
    { id => 10, start => 1, end => 2, issued => [ 1 ] },
    { id => 11, deleted => 1, start => -3, end => -1 },
    { id => 12, deleted => 1, issued => [ 1 ] },
    { id => 13, limit => 0 },
    { id => 14, limit => 2, issued => [ { user => 1, used => 1 }, 2 ] },
    { id => 15 },
])->run();

sub draw($id, $user, $body) {
    return $t->post("/stores/coupons/$id", user => $user, body => $body);
}


# one coupon, two users

is($t->claim(7, user => 1), ISSUED, 'drawn');
is($t->claim(7, user => 1), ALREADY_ISSUED, 'once only');
is($t->claim(7, user => 2), ISSUED, 'the last one');
is($t->claim(7, user => 3), SOLD_OUT, 'no third');
is($t->claim(7, user => 2), ALREADY_ISSUED, 'who has it reads so also then');
is($t->claim(7, user => 3), SOLD_OUT, 'and no other gets one');

is_deeply([ $t->db()->rows("SELECT coupon_id, user_id, is_used, nickname,
        phone_number, created_at BETWEEN now() - interval '1 minute' AND now()
        FROM issued_coupon WHERE coupon_id = 7 ORDER BY user_id") ],
    [ map { [ 7, $_, 0, '봄이', '01012345678', 1 ] } 1, 2 ], 'two rows');
is_deeply([ $t->members(7) ], [ 1, 2 ], 'two members');
is($t->redis()->cmd('SCARD', $t->key(7, ':issued')), 3, 'and the sentinel');
is($t->redis()->cmd('EXPIRETIME', $t->key(7, ':issued')),
    $t->midnight($t->today(8)), 'until the last day has ended');
ok($t->settled(), 'no claim is left over');


# failures, the earlier of two first

is($t->claim(99, user => 1), UNKNOWN, 'no such coupon');
is($t->claim($_, user => 1), UNKNOWN, "nor $_")
    for 0, -1, '9223372036854775807', '-9223372036854775808';
is($t->claim(11, user => 1), DELETED, 'deleted, expired');
is($t->claim(12, user => 1), DELETED, 'deleted, already issued');
is($t->claim(9, user => 1), EXPIRED, 'expired, already issued');
is($t->claim(10, user => 1), NOT_STARTED, 'not started, already issued');
is($t->claim(14, user => 1), ALREADY_ISSUED, 'issued and used, sold out');
is($t->claim(14, user => 3), SOLD_OUT, 'sold out before this server saw it');
is($t->claim(13, user => 1), SOLD_OUT, 'nothing to give');
is($t->claim(8, user => 1), ISSUED, 'first and last day');
is($t->db()->value('SELECT is_used FROM issued_coupon WHERE coupon_id = 14
    AND user_id = 1'), 1, 'a used coupon stays used');


# what the row holds

my @bodies = (
    [ '{"nickname":"","phoneNumber":""}', '', '', 'empty text' ],
    [ '{"phoneNumber":"2","nickname":"a","x":{"nickname":"b"}}', 'a', '2',
        'any order, unknown members' ],
    [ '{"nickname":1.5,"phoneNumber":1012345678}', '1.5', '1012345678',
        'numbers become text' ],
    [ '{"nickname":true,"phoneNumber":false}', 'true', 'false', 'booleans too' ],
    [ '{"nickname":"a","nickname":"b","phoneNumber":null,"phoneNumber":"1"}',
        'b', '1', 'the last of repeated members' ],
    [ '{"nickname":"\ud83c\udf38\u0001\"\\\\\/","phoneNumber":"\ubd04"}',
        qq(\xf0\x9f\x8c\xb8\x01"\\/), '봄', 'escapes' ],
    [ '{"nickname":"' . '꽃' x 255 . '","phoneNumber":"' . "\xf0\x9f\x8c\xb8" x 255
        . '"}', '꽃' x 255, "\xf0\x9f\x8c\xb8" x 255, '255 characters' ],
    [ "\r\n\t { \"nickname\" : \"a\" ,\n \"phoneNumber\" : \"1\" } \n", 'a', '1',
        'white space' ],
);
my $user = 1000;

for my $case (@bodies) {
    my ($body, $nickname, $phone, $name) = @$case;

    ok_void(draw(15, ++$user, $body), $name);
    is_deeply([ map { @$_ } $t->db()->rows('SELECT nickname, phone_number
        FROM issued_coupon WHERE coupon_id = 15 AND user_id = ?', $user) ],
        [ $nickname, $phone ], "$name: stored");
}


# who

for my $user ('9223372036854775807', '-9223372036854775808', 0, -5) {
    is($t->claim(15, user => $user), ISSUED, "user $user");
    is($t->claim(15, user => $user), ALREADY_ISSUED, "user $user, once only");
    is($t->db()->value('SELECT count(*) FROM issued_coupon WHERE coupon_id = 15
        AND user_id = ?', $user), 1, "user $user, one row");
}

is(verdict($t->post('/stores/coupons/15', headers => [ USERID => 77 ],
    body => '{"nickname":"a","phoneNumber":"1"}')), ISSUED,
    'header names have no case');

$t->done();
