# A body of plain texts is read by a shorter way than others.  It must be understood
# in the same way: each body is sent twice, the second time with a member's name
# written with an escape, which only the longer way takes.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $t = BB::Test->new(workers => 1, coupons => [ { id => 7, limit => 1_000_000 } ])->run();
my $user = 1000;

# texts between quotes: the ends of UTF-8's ranges, and what lies beyond them
my @good = ('', 'a', '봄이', ' a b ', "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
    "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
    "\xf4\x8f\xbf\xbf", "a\xe2\x82\xacb", '{}[]:,', '/', "'", 'x' x 255,
    "\xed\x95\x9c" x 255, "\xf0\x9f\x8c\xb7" x 255);
my @bad = ("\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
    "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\x80",
    "\xc2", "\xe2\x82", "\xf0\x9f\x8c", "\xc2a", "\xe2\x82a", "a\nb", "\t", "\0", "\x1f",
    'x' x 256, "\xed\x95\x9c" x 256, '\\', '\\u0000', '\\ud800', '\\x');
my @escaped = ('\\n', '\\u00e9', '\\"', '\\\\', '\\ud83c\\udf37');
my @values = ((map { qq("$_") } @good, @bad, @escaped),
    qw(null true false 12 -1.50 1e3 01 {} [] ["a"] {"a":"b"} a "a ' "a"b));
my @space = ('', ' ', "\t", "\n", "\r\n ", "\x0b", "\xc2\xa0", "\xef\xbb\xbf");
my @more = (map { qq("other":$_) } @values);


# What one body came to: status, reason, and the texts that were kept.
sub outcome($body) {
    $user++;

    my $answer = $t->post('/stores/coupons/7', user => $user, body => $body);
    my ($row) = $t->db()->rows('SELECT nickname, phone_number FROM issued_coupon
        WHERE user_id = ?', $user);

    return join('|', $answer->status(), $answer->whole() =~ s/\A.*?\r\n\r\n//sr,
        $row ? @$row : 'no row');
}

my %outcomes;

sub same($body, $what) {
    my $longer = $body =~ s/"nickname"/"\\u006eickname"/r;

    die "no nickname in $body\n" if $longer eq $body;

    my ($short, $long) = (outcome($body), outcome($longer));

    $outcomes{substr($short, 0, 3)}++;
    return $short eq $long ? 0 : diag("$what: '$body': $short, not $long") || 1;
}

sub pairs($what, @bodies) {
    my $different = 0;

    $different += same($_, $what) for @bodies;
    is($different, 0, "$what: " . @bodies . ' bodies');
}


pairs('each value', map { (qq({"nickname":$_,"phoneNumber":"1"}),
    qq({"phoneNumber":$_,"nickname":"a"})) } @values);
pairs('another member', map { (qq({"nickname":"a","phoneNumber":"1",$_}),
    qq({$_,"nickname":"a","phoneNumber":"1"})) } @more);
pairs('white space', map { my $s = $_; (qq($s\{"nickname":"a","phoneNumber":"1"}),
    qq({"nickname"$s:"a","phoneNumber":"1"}), qq({"nickname":$s"a","phoneNumber":"1"}),
    qq({"nickname":"a"$s,"phoneNumber":"1"}), qq({"nickname":"a",$s"phoneNumber":"1"}),
    qq({"nickname":"a","phoneNumber":"1"$s}), qq({"nickname":"a","phoneNumber":"1"}$s)) }
    @space);
pairs('structure', map { s/N/"nickname":"a"/gr =~ s/P/"phoneNumber":"1"/gr }
    '{N}', '{N,P', 'N,P}', '{N P}', '{N,,P}', '{,N,P}', '{N,P,}', '{N,P}}', '{N,P}x',
    '{N,P}{}', '[{N,P}]', '"nickname"', '{N:P}', '{N,"phoneNumber"}',
    '{N,"phoneNumber":}', '{N,"phoneNumber""1"}', '{N,P,"nickname":"b"}',
    '{"nickname":"b",N,P}', '{P,N,P}', '{N,P,"phoneNumber":null}',
    '{"phoneNumber":5,N,P}', '{N,P,"Nickname":"c"}', '{N,P,"":""}', '{N,P,nickname:"b"}');
pairs('cut short', map { substr('{"nickname":"봄","phoneNumber":"1"}', 0, $_) }
    11 .. length('{"nickname":"봄","phoneNumber":"1"}'));

ok($outcomes{200} > 100 && $outcomes{400} > 100, 'some were taken, some refused')
    or diag(explain(\%outcomes));

$t->done();
