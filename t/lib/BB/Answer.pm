# The answers of the contract, byte for byte.  All text here and in the tests
# is UTF-8 bytes.

package BB::Answer;

use v5.36;
use Exporter qw(import);
use Test::More;

my %VERDICT;

BEGIN {
    %VERDICT = (
        UNKNOWN        => '해당 쿠폰이 존재하지 않습니다.',
        DELETED        => '해당 쿠폰은 관리자에 의해 삭제되었습니다.',
        EXPIRED        => '기한이 만료된 쿠폰입니다.',
        NOT_STARTED    => '아직 발급할 수 없는 쿠폰입니다.',
        ALREADY_ISSUED => '이미 발급받은 쿠폰입니다.',
        SOLD_OUT       => '준비된 쿠폰이 모두 소진되었습니다.',
    );
}

use constant { map { $_ => $_ } keys %VERDICT, qw(ISSUED UNAVAILABLE) };

our @EXPORT = (qw(verdict ok_void is_data is_fail is_invalid is_refused
    is_not_found is_unavailable is_options), keys %VERDICT,
    qw(ISSUED UNAVAILABLE));

my $INVALID = '요청한 값이 올바르지 않습니다.';
my $NOT_FOUND = '존재하지 않는 엔티티입니다.';
my $SYSTEM = '일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.';

my $VOID = _whole(200, '', 'Cache-Control: no-store');


# Success of an endpoint that returns nothing.
sub ok_void($answer, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->whole(), $VOID, $name);
}


# Success; data: its JSON as it stands in the answer.
sub is_data($answer, $data, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->whole(), _whole(200, qq({"data":$data,"message":null,)
        . q("errorCode":null,"result":"SUCCESS"}), 'Cache-Control: no-store'),
        $name);
}


# A business failure.
sub is_fail($answer, $message, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->whole(), _fail(200, $message, 'CE-01'), $name);
}


# 400; reason: the text after the fixed sentence, or a pattern for it
sub is_invalid($answer, $reason, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return _is_faulty($answer, 400, $reason, [], $name);
}


# 405, 413, 415.  allow: methods that a 405 names, no others
sub is_refused($answer, $status, $name, $allow = undef) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @more = $allow ? ('Allow: ' . ($answer->header('Allow') // '')) : ();

    return fail($name) && 0
        if $allow and not _allows($answer, $allow);

    return _is_faulty($answer, $status, undef, \@more, $name);
}


sub is_not_found($answer, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->whole(),
        _fail(404, $NOT_FOUND, 'COMMON_ENTITY_NOT_FOUND'), $name);
}


sub is_unavailable($answer, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->whole(), _unavailable(), $name);
}


# The answer to OPTIONS.
sub is_options($answer, $allow, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return fail($name) && 0 if not _allows($answer, $allow);
    return is(join(' ', $answer->status(), length($answer->body()),
        $answer->header('Content-Length') // 'none'), '200 0 0', $name);
}


# A draw's answer in one word; the answer itself if it is none of these.
sub verdict($answer) {
    state %word = ($VOID => 'ISSUED', _unavailable() => 'UNAVAILABLE',
        map { _fail(200, $VERDICT{$_}, 'CE-01') => $_ } keys %VERDICT);
    my $whole = $answer->whole();

    return $word{$whole} // ($answer->status() ? $whole : $answer->{reason});
}


sub _whole($status, $body, @headers) {
    push @headers, 'Content-Type: application/json' if length($body);
    return join("\n", $status, sort(@headers), '', $body);
}


sub _fail($status, $message, $code, @headers) {
    return _whole($status, qq({"data":null,"message":"$message",)
        . qq("errorCode":"$code","result":"FAIL"}),
        'Cache-Control: no-store', @headers);
}


sub _unavailable() {
    return _fail(503, $SYSTEM, 'COMMON_SYSTEM_ERROR', 'Retry-After: 1');
}


# The fixed sentence, alone or with a reason after it.
sub _is_faulty($answer, $status, $reason, $headers, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $code = 'COMMON_INVALID_PARAMETER';

    if (defined $reason and not ref $reason) {
        return is($answer->whole(),
            _fail($status, "$INVALID $reason", $code, @$headers), $name);
    }

    my ($before, $after) = split(/<text>/,
        _fail($status, '<text>', $code, @$headers));
    my $text = defined $reason
        ? qr/\Q$INVALID\E (?=[^"]*?$reason)[^"\\]+/ : qr/\Q$INVALID\E(?: [^"\\]+)?/;

    return like($answer->whole(), qr/\A\Q$before\E$text\Q$after\E\z/, $name);
}


# OPTIONS may be named or not; HEAD goes with GET.
sub _allows($answer, $allow) {
    my %want = map { $_ => 1 } @$allow;
    my %have = map { $_ => 1 } split(/,[ ]*/, $answer->header('Allow') // '');

    $want{HEAD} = 1 if $want{GET};
    delete $have{OPTIONS};

    my ($want, $have) = map { join(' ', sort keys %$_) } \%want, \%have;

    diag("Allow: $have, expected $want\n" . $answer->whole()) if $want ne $have;
    return $want eq $have;
}


1;
