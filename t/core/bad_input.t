# Bad input is refused before anything happens, and never harms the worker.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(location => 'bb_store_max_body 4k;',
    stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7, issued => [ 1 ] } ])->run();

my ($worker) = $t->nginx()->workers();
my ($today, $tomorrow) = ($t->today(), $t->today(1));

# members of valid bodies, as JSON, in their order
my @coupon = (couponName => '"a"', discountPrice => 3000, minPrice => 30000,
    limitCount => 100, startDate => qq("$today"), endDate => qq("$tomorrow"));
my @draw = (nickname => '"a"', phoneNumber => '"1"');
my @payment = (totalAmount => 60000);

# user: none if the endpoint does not read it, else who may use it
my %endpoint = (
    create  => { method => 'POST', uri => '/stores/1/coupons', user => 101,
        body => \@coupon },
    edit    => { method => 'PUT', uri => '/stores/1/coupons/7', user => 101,
        body => \@coupon },
    remove  => { method => 'DELETE', uri => '/stores/1/coupons/7', user => 101 },
    table   => { method => 'GET', uri => '/stores/1/coupons', user => 101 },
    draw    => { method => 'POST', uri => '/stores/coupons/7', user => 1,
        body => \@draw },
    all     => { method => 'POST', uri => '/stores/1/coupons/all', user => 1,
        body => \@draw },
    product => { method => 'GET', uri => '/stores/1/coupons/product', user => 1,
        anonymous => 1 },
    payment => { method => 'POST', uri => '/stores/1/coupons/payment', user => 1,
        body => \@payment },
    my      => { method => 'GET', uri => '/stores/coupons/my', user => 1 },
    members => { method => 'GET', uri => '/stores/coupons/7/members', user => 101 },
    use     => { method => 'POST', uri => '/client/stores/coupons/7/users/9' },
    count   => { method => 'GET', uri => '/client/stores/coupons/count', user => 1 },
);

my %MAX = (limitCount => 2147483647);
my @TEXT = qw(couponName nickname phoneNumber);
my @NUMBER = qw(discountPrice minPrice limitCount totalAmount);
my @DATE = qw(startDate endDate);


# An object of members; change: name => JSON, undef leaves the member out.
sub object($members, %change) {
    my @list = @$members;
    my @json;

    while (my ($name, $value) = splice(@list, 0, 2)) {
        $value = $change{$name} if exists $change{$name};
        push @json, qq("$name":$value) if defined $value;
    }

    return '{' . join(',', @json) . '}';
}

sub ask($name, %o) {
    my $e = $endpoint{$name};

    return $t->request($e->{method}, $e->{uri},
        defined $e->{user} ? (user => $e->{user}) : (),
        $e->{body} ? (body => object($e->{body})) : (), %o);
}

sub with_body { return grep { $endpoint{$_}{body} } sort keys %endpoint }

sub with_field($field) {
    return grep { my %has = $endpoint{$_}{body}->@*; exists $has{$field} } with_body();
}

my $before = $t->dump();


# userId

for my $name (grep { defined $endpoint{$_}{user} } sort keys %endpoint) {
    if (not $endpoint{$name}{anonymous}) {
        is_invalid(ask($name, user => []), 'userId header is required',
            "$name: no userId");
        is_invalid(ask($name, user => ''), 'userId header is required',
            "$name: an empty userId");
    }

    is_invalid(ask($name, user => $_), qr/userId/, "$name: userId $_")
        for 'abc', '1.5', '0x1', '1 2', '1,2', '1e3', '-', '--1', "\xef\xbc\x91",
            '9223372036854775808', '-9223372036854775809', '1' x 4000;

    is_invalid(ask($name, user => $_), qr/userId/, "$name: userId twice, @$_")
        for [ 1, 1 ], [ 101, 1 ], [ 1, '' ], [ '', 1 ], [ '', '' ];
}


# numbers in the path

my @NO_NUMBER = ('abc', 'undefined', '1.5', '1.0', '0x1', '1e3', '-', '+', '%20',
    '1%20', '9223372036854775808', '-9223372036854775809', '9' x 400, '%2531',
    '%D9%A1', '1;x', '1%0A');

for my $name (sort keys %endpoint) {
    my $uri = $endpoint{$name}{uri};
    my $e = { $endpoint{$name}->%* };

    for my $place ([ qr{^/stores/\K1\b}, 'storeId' ],
        [ qr{/coupons/\K7\b}, 'couponId' ], [ qr{/users/\K9\b}, 'userId' ])
    {
        my ($pattern, $field) = @$place;

        next if $uri !~ $pattern;

        for my $text (@NO_NUMBER) {
            local $endpoint{$name} =
                { $e->%*, uri => $uri =~ s/$pattern/$text/r };

            is_invalid(ask($name), qr/$field/, "$name: $field " . substr($text, 0, 30));
        }
    }
}


# no JSON

for my $name (with_body()) {
    my $body = object($endpoint{$name}{body});

    is_invalid(ask($name, body => substr($body, 0, $_)), qr/./,
        "$name: cut after byte $_") for 0 .. length($body) - 1;

    is_invalid(ask($name, body => $_->[1]), qr/./, "$name: $_->[0]") for
        [ 'null' => 'null' ], [ 'true' => 'true' ], [ 'a list' => '[]' ],
        [ 'a list of one' => "[$body]" ], [ 'space' => ' ' ],
        [ 'text after it' => "$body x" ], [ 'another one after it' => $body . '{}' ],
        [ 'a comma after it' => "$body," ], [ 'a NUL after it' => "$body\0" ],
        [ 'a NUL before it' => "\0$body" ], [ 'NULs only' => "\0" x 50 ],
        [ 'single quotes' => $body =~ tr/"/'/r ], [ 'no quotes' => $body =~ tr/"//dr ],
        [ 'a comment' => "/**/$body" ], [ 'UTF-16' => join("\0", split(//, $body)) ],
        [ 'a trailing comma' => $body =~ s/}/,}/r ],
        [ 'a bad byte in a name' => $body =~ s/\{/{"\xff":1,/r ],
        [ 'a bad byte in another member' => $body =~ s/\{/{"x":"\xff",/r ],
        [ 'a line feed in text' => $body =~ s/\{/{"x":"\n",/r ],
        [ 'deep nesting' => '[' x 4000 ],
        [ 'deep nesting of objects' => '{"a":' x 800 ],
        [ 'NaN' => $body =~ s/\{/{"x":NaN,/r ],
        [ 'a leading zero' => $body =~ s/\{/{"x":01,/r ],
        [ 'a bad escape' => $body =~ s/\{/{"x":"\\x41",/r ],
        [ 'a cut escape' => $body =~ s/\{/{"x":"\\u12",/r ];

    is_invalid(ask($name, body => undef), qr/./, "$name: no body");
    is_invalid(ask($name, body => undef, length => 0), qr/./,
        "$name: an empty body");
    is_invalid(ask($name, body => undef, chunks => []), qr/./,
        "$name: an empty body in chunks");
    is_invalid(ask($name, body => '', type => 'text/plain'), qr/./,
        "$name: the type of an empty body does not matter");
}


# fields

for my $field (@TEXT, @NUMBER, @DATE) {
    for my $name (with_field($field)) {
        my $members = $endpoint{$name}{body};

        is_invalid(ask($name, body => object($members, $field => $_)),
            "$field cannot be null", "$name: $field " . ($_ // 'left out'))
            for undef, 'null', (grep({ $_ eq $field } @TEXT) ? () : '""');

        is_invalid(ask($name, body => object($members, $field => $_)),
            qr/$field/, "$name: $field $_") for '[]', '{}', '[1]', '{"a":1}', '[null]';

        # names have a case
        is_invalid(ask($name, body => object($members, $field => undef)
            =~ s/^\{/{"\U$field\E":1,/r =~ s/,\}$/}/r), "$field cannot be null",
            "$name: \U$field");
    }
}

my %BAD_TEXT = (
    'an escaped NUL' => 'a\u0000b', 'a NUL' => "a\0b",
    'a lone high surrogate' => '\ud83c', 'followed by text' => '\ud83cabc',
    'followed by another' => '\ud83c\ud83c', 'a lone low surrogate' => 'a\udf38',
    'surrogates the wrong way round' => '\udf38\ud83c',
    'a stray byte' => "\xff", 'a stray continuation' => "a\x80",
    'an overlong form' => "\xc0\x80", 'an overlong slash' => "\xe0\x80\xaf",
    'a surrogate in UTF-8' => "\xed\xa0\x80", 'a cut character' => "\xeb\xb4",
    'beyond the last character' => "\xf4\x90\x80\x80", 'Latin-1' => "caf\xe9",
    'a control character' => "\x01", 'a tab' => "\t",
);

for my $field (@TEXT) {
    for my $name (with_field($field)) {
        my $members = $endpoint{$name}{body};

        is_invalid(ask($name, body => object($members, $field => qq("$BAD_TEXT{$_}"))),
            qr/./, "$name: $field: $_") for sort keys %BAD_TEXT;

        is_invalid(ask($name, body => object($members, $field => '"' . $_ x 256 . '"')),
            "$field is too long", "$name: $field: 256 times $_")
            for 'a', '꽃', "\xf0\x9f\x8c\xb8", '\ud83c\udf38', '\u0061';

        is_invalid(ask($name, body => object($members, $field => '1' x 256)), qr/./,
            "$name: $field: a number of 256 digits");
    }
}

for my $field (@NUMBER) {
    my $max = $MAX{$field} // 9223372036854775807;
    my $above = $field eq 'limitCount' ? '2147483648' : '9223372036854775808';
    my @negative = $field eq 'totalAmount' ? () : ('-1', '"-1"', '-1.5', "-$max");

    for my $name (with_field($field)) {
        is_invalid(ask($name, body => object($endpoint{$name}{body}, $field => $_)),
            qr/$field/, "$name: $field $_") for '"3.7"', '"abc"', '"1e3"', '"0x1F"',
            '"1 2"', '"1,000"', '"--1"', '"+"', '"NaN"', "\"\xef\xbc\x91\"", 'true',
            'false', '"true"', qq("$above"), "$above.5", '1e19', '1e300', '-1e300',
            '"-9223372036854775809"', '"' . '9' x 100 . '"', @negative;

        is_invalid(ask($name, body => object($endpoint{$name}{body}, $field => $_)),
            qr/./, "$name: $field " . substr($_, 0, 20))
            for $above, '-9223372036854775809', '9' x 400, '1e400', '1.', '.5', '+1', '0x1F', '1e', '--1', 'Infinity';
    }
}

for my $field (@DATE) {
    for my $name (with_field($field)) {
        is_invalid(ask($name, body => object($endpoint{$name}{body}, $field => $_)),
            qr/$field/, "$name: $field $_")
            for '"2099-02-30"', '"2099-02-29"', '"2100-02-29"', '"2099-13-01"',
                '"2099-00-10"', '"2099-01-00"', '"2099-04-31"', '"2099-1-5"',
                '"20990105"', '"2099/01/05"', '"99-01-05"', '"2099-01-05T00:00:00"',
                '"2099-01-05 "', '"2099-01-0５"', '"abc"', '"today"', '"infinity"',
                '20990105', '[2099,1,5]', 'true', '4070908800000';
    }
}

is_invalid(ask('draw', body =>
    '{"nickname":"a","nickname":null,"phoneNumber":"1"}'), 'nickname cannot be null',
    'the last of repeated members counts');
is_invalid(ask('create', body => object([ @coupon, limitCount => '"x"' ])),
    qr/limitCount/, 'also for numbers');


# media types

for my $name (with_body()) {
    is_refused(ask($name, type => $_), 415, "$name: $_")
        for 'text/plain', 'application/x-www-form-urlencoded', 'text/json',
            'application/jsonx', 'application', 'application/xml; x=application/json',
            'multipart/form-data; boundary=x';
}


# the size of a body

for my $name (with_body()) {
    my $body = object($endpoint{$name}{body});
    my $large = $body . ' ' x (4097 - length($body));

    is_refused(ask($name, body => $large), 413, "$name: one byte too many");
    is_refused(ask($name, body => undef, chunks => [ $body, ' ' x 2048, ' ' x 2048 ]),
        413, "$name: too many in chunks");
    is_refused(ask($name, body => ' ' x 200_000), 413, "$name: far too many");
}

is_refused(ask('draw', body => ' ' x 2_000_000), 413,
    'more than nginx itself would take');

my $client = $t->new_client();
$client->write("POST /stores/coupons/7 HTTP/1.1\r\nHost: test\r\nuserId: 5\r\n"
    . "Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
my $refusal = $client->answer();
is_refused($refusal, 413, 'a client that asks first');
is_deeply([ $refusal->interim() ], [], 'is not told to go on');


# requests that end too early, or are none

for my $bytes ("POST /stores/coupons/7 HTTP/1.1\r\nHost: test\r\nuserId: 5\r\n"
        . "Content-Length: 35\r\n\r\n{\"nickname\":\"a\",\"phoneNumber\"",
    "POST /stores/coupons/7 HTTP/1.1\r\nHost: test\r\nuserId: 5\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n23\r\n{\"nickname\":\"a\"",
    "POST /stores/coupons/7 HTTP/1.1\r\nHost: test\r\nuserId: 5", "\0\0\0\0\r\n\r\n")
{
    my $client = $t->new_client();

    $client->write($bytes);
    $client->close();
}

like($t->get('/stores/coupons/my%00', user => 1)->status(), qr/\A40[04]\z/,
    'NUL in a path');

$client = $t->new_client();
$client->write("POST /stores/coupons/7 HTTP/1.1\r\nHost: test\r\nuserId: 5\r\n"
    . "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
is($client->answer()->status(), 400, 'broken chunks');


# bodies and types where none are read

for my $name (qw(table product my members count)) {
    my $plain = ask($name)->whole();

    is(ask($name, type => 'text/plain', body => '{{{')->whole(), $plain,
        "$name: a body is ignored");
    is(ask($name, headers => [ 'Content-Type' => 'application/json' ])->whole(), $plain,
        "$name: a media type is ignored");
}

is($t->dump(), $before, 'nothing was written');
is_deeply([ $t->nginx()->workers() ], [ $worker ], 'the worker is the same');


# what is lenient

my $NO_START = '시작일이 올바르지 않습니다.';

for my $case ([ '"3000"', 3000 ], [ '" 3000 "', 3000 ], [ '3000.9', 3000 ],
    [ '3e3', 3000 ], [ '0.99', 0 ], [ '"0"', 0 ], [ '"0042"', 42 ], [ '-0.5', 0 ],
    [ '2147483647', 2147483647 ], [ '"2147483647"', 2147483647 ])
{
    my ($json, $value) = @$case;

    ok_void(ask('edit', body => object(\@coupon, map { $_ => $json } @NUMBER[0 .. 2])),
        "number $json");
    is_deeply([ $t->db()->rows('SELECT discount_price, min_price, limit_count
        FROM coupon WHERE id = 7') ], [ [ ($value) x 3 ] ], "number $json: stored");
}

for my $case ([ '1.5', '1.5' ], [ '42', '42' ], [ 'true', 'true' ],
    [ 'false', 'false' ], [ '9223372036854775807', '9223372036854775807' ],
    [ '""', '' ], [ '"  "', '  ' ], [ '"\\t\\n\\\\"', "\t\n\\" ])
{
    my ($json, $value) = @$case;

    ok_void(ask('edit', body => object(\@coupon, couponName => $json)), "text $json");
    is($t->db()->value('SELECT coupon_name FROM coupon WHERE id = 7'), $value,
        "text $json: stored");
}

is_fail(ask('edit', body => object(\@coupon, startDate => '"2024-02-29"')), $NO_START,
    'a real date');
ok_void(ask('edit', body => object([ minPrice => '"x"', @coupon ])),
    'the first of repeated members does not count');
ok_void(ask('edit', body => object([ @coupon, x => '[{"a":[null,1e5]}]' ])),
    'unknown members');
ok_void(ask('edit', type => $_), 'type ' . ($_ // 'none'))
    for 'application/json; charset=utf-8', 'APPLICATION/JSON', undef,
        'application/json;charset=UTF-8', 'application/json ; charset="utf-8"';
ok_void(ask('edit', body => undef, chunks => [ split(//, object(\@coupon)) ]),
    'chunks of one byte');
ok_void(ask('edit', body => object(\@coupon) . ' ' x (4096 - length(object(\@coupon)))),
    'the largest body');
ok_void(ask('remove', body => '{', type => 'text/plain'), 'DELETE with a body');
ok_void(ask('remove', headers => [ 'Content-Type' => 'application/json' ]),
    'DELETE with a media type');

for my $uri (map { "/stores/$_/coupons" } '+1', '%31', '0001') {
    is($t->get($uri, user => 101)->status(), 200, $uri);
}

# a body that arrives byte by byte
my $slow = $t->new_client();
my $bytes = BB::Client::request_bytes('POST', '/stores/1/coupons', user => 101,
    body => object(\@coupon));

$slow->write($_) for split(//, $bytes);
ok_void($slow->answer(), 'byte by byte');

# requests in one segment
$slow->write($bytes . BB::Client::request_bytes('POST', '/stores/1/coupons',
        user => 101, body => '{')
    . $bytes . BB::Client::request_bytes('GET', '/stores/coupons/my', user => 9));
ok_void($slow->answer(), 'four in one segment: the first');
is_invalid($slow->answer(), qr/./, 'the second is broken');
ok_void($slow->answer(), 'the third is not');
is_data($slow->answer(), '{"data":[]}', 'the fourth neither');

is_deeply([ $t->nginx()->workers() ], [ $worker ], 'the worker is still the same');

$t->done();
