# Every input of every endpoint, by its type: each form that is refused, with the
# reason, and writes nothing; each form that is accepted.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Document;
use BB::Endpoints;
use BB::Test;

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;
my $FLOWER = "\xea\xbd\x83";
my $MAX = '9223372036854775807';
my $MIN = '-9223372036854775808';
my $ABOVE = '9223372036854775808';
my $BELOW = '-9223372036854775809';

my $t = furnished(location => 'bb_store_max_body 64k;',
    internal => 'bb_store_max_body 64k;');
my $document = BB::Document->read();
my %row = map { $_->{id} => $_ } endpoints();
my ($worker) = $t->nginx()->workers();


# The request of each endpoint, which would succeed: method, url, options, and for
# bodies the structure instead of its text.
my %request;

for my $case ($document->operations()) {
    my ($method, $url, %options) = $document->request($case);

    $options{body} = $JSON->decode($options{body}) if exists $options{body};
    $request{$case->[2]{operationId}} = { method => $method, url => $url, %options };
}

is(join(' ', sort keys %request), join(' ', sort keys %row), 'all endpoints');

# one order element, whose other members are needed for its checks
$request{SI7}{body} = { orderType => 'DELIVERY',
    validatePriceDtos => [ { couponId => undef,
    couponAmount => 0, storeId => 1, deliveryCost => 3000, actualAmount => 1000 } ] };

sub ask($id, %change) {
    my %r = ($request{$id}->%*, %change);
    my ($method, $url) = delete @r{qw(method url)};

    $r{body} = $JSON->encode($r{body}) if ref $r{body};
    return $t->request($method, $url, %r);
}

# All that the database has.
my @TABLES = $t->db()->column(q{SELECT table_name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE'});

sub contents() {
    return join("\n", map { "$_ " . $t->db()->value(
        "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM $_ t")
    } sort @TABLES) . "\n" . $t->claims_left();
}

cmp_ok(scalar @TABLES, '>', 8, 'tables');


# what is refused first, then what is accepted: success changes the rows

my (@refused, @accepted);

sub refuse($id, $reason, $name, %change) {
    push @refused, [ $id, $reason, $name, %change ];
}

sub take($id, $name, %change) { push @accepted, [ $id, $name, %change ] }


# userId

my @NO_NUMBER = ('abc', 'undefined', 'null', '1.5', '1.0', '1e3', '0x1F', '1 2', '1,2',
    '-', '+', '--1', '+-1', '1-', "\xef\xbc\x91", $ABOVE, $BELOW, '9' x 4000, '1;x',
    '"1"');

for my $id (sort keys %row) {
    my $user = $row{$id}{user};
    my $me = $request{$id}{user};

    if ($user eq 'none') {
        take($id, "$id: userId is not read", user => $_) for 'x', '', [ 1, 2 ];
        next;
    }

    my @none = ([], '', ' ');

    if ($user eq 'optional') {
        take($id, "$id: no userId", user => $_) for @none;

    } else {
        refuse($id, 'userId header is required', "$id: no userId", user => $_)
            for @none;
    }

    refuse($id, 'userId header is not a 64-bit integer',
        "$id: userId " . substr($_, 0, 30),
        user => $_) for @NO_NUMBER;
    refuse($id, 'more than one userId header', "$id: userId twice", user => $_)
        for [ $me, $me ], [ $me, 1 ], [ '', $me ], [ $me, '' ], [ '', '' ],
            [ 'x', 'y' ];
    refuse($id, 'more than one userId header', "$id: userId in two cases",
        headers => [ USERID => $me ]);
    take($id, "$id: userId $_", user => $_) for "+$me", "00$me", " $me ", $MAX, $MIN,
        0, -1;
    take($id, "$id: the header's name has no case", user => [],
        headers => [ userid => $me ]);
}


# path

for my $id (sort keys %row) {
    my @names = $row{$id}{path} =~ /\{(\w+)\}/g;
    my @variable = $row{$id}{url} =~ /\{(\w+)\}/g;

    for my $n (0 .. $#names) {
        my $with = sub($text) {
            my @parts = split(m{/}, $request{$id}{url}, -1);
            my @pattern = split(m{/}, $row{$id}{url}, -1);
            my ($at) = grep { $pattern[$_] eq "{$names[$n]}" } 0 .. $#pattern;

            $parts[$at] = $text;
            return join('/', @parts);
        };

        if ($names[$n] eq 'productId') {
            refuse($id, 'productId is not UTF-8 text', "$id: productId $_",
                url => $with->($_)) for '%FF', 'a%C0%80', '%ED%A0%80';
            take($id, "$id: productId", url => $with->($_)) for 'x', 'x' x 1000,
                '%EA%BD%83', '656e89e3ae667e3844a02030', '+', '%20', '%01';
            next;
        }

        refuse($id, "$names[$n] is not a 64-bit integer",
            "$id: $names[$n] " . substr($_, 0, 20), url => $with->($_))
            for 'abc', 'undefined', 'null', 'NaN', '1.5', '1.0', '0x1F', '1e3', '-',
                '+', '%20', '1%20', '%201', $ABOVE, $BELOW, '9' x 400, '%2531',
                '%D9%A1', '1;x', '1%0A', '1%2F1', '1,1';
        take($id, "$id: $names[$n] $_", url => $with->($_)) for '+1', '%2B1', '001',
            '-1', '0', $MAX, $MIN, '%31';
    }
}


# query, and headers as inputs

my %QUERY = (
    int64 => { bad => [ map { [ $_, 'is not a 64-bit integer' ] } 'abc', '1.5', '1e0',
            '0x1', '-', '--1', '1,1', $ABOVE, '%EF%BC%91', '3%203', '3%00' ],
        good => [ '3', '%2B3', '+3', '003', '%33' ] },
    lat => { bad => [ (map { [ $_, 'is not a decimal number' ] } 'abc', 'NaN', 'nan',
                'Infinity', '-inf', '0x1p3', '37,5', '1e', '--1', '1d', '1e400', '.',
                'e5', '37.5%00', '1%202'),
            map { [ $_, 'is out of range' ] } '90.0000001', '-91', '1e10', '1e308' ],
        good => [ '37.5', '+37.5', '%2B37.5', '3.75e1', '3.75E%2B1', '37.50', '90',
            '-90', '1e-400', '.5', '5.', '-0', '0' x 100 . '37.5' ] },
    lon => { bad => [ [ 'abc', 'is not a decimal number' ],
            map { [ $_, 'is out of range' ] } '180.0000001', '-181' ],
        good => [ '127', '180', '-180' ] },
    bool => { bad => [ map { [ $_, 'is not a boolean' ] } 'x', '2', '-1', 'null', 'tru',
            '%20true', 'true%20', '1.0', 'y', 't' ],
        good => [ map { ($_, uc, ucfirst) } qw(true on yes 1 false off no 0) ] },
    enum => { bad => [ map { [ $_, 'has an unknown value' ] } 'date', 'Rate', 'x',
        'DATE%20',
            'DATE,RATE', '0' ],
        good => [ qw(DATE RATE AMOUNT %44ATE) ] },
    ids => { bad => [ map { [ $_, 'is not a list of integers' ] } 'abc', '1,x', '1.5',
            '1%2Cx', $ABOVE, "1,$BELOW", '1;2', '[1]', '1%202' ],
        good => [ '1', '1,2', '1%2C2', '%31', ',1,,2,', '', ',', '-1,0', '%2B1', '+1',
            $MAX, '1,1,1' ] },
    text => { bad => [ map { [ $_, 'is not UTF-8 text' ] } '%FF', '%00', '11%00',
            '%ED%A0%80', '%C0%80' ],
        good => [ '11', 'null', 'x' x 1000, '%EA%BD%83', '+', '%2B', 'a=b', '%',
            '%4' ] },
    page => { good => [ '', 'abc', '-1', '1.5', '-', '0x1', '%00', '%FF', $MAX, $ABOVE,
            $MIN, '9' x 100, '1e3', '%20', 'null' ] },
);

$QUERY{size} = { good => [ $QUERY{page}{good}->@*, '0', '2000', '2001' ] };

my %HEADER = (
    bad => [ [ 'x' x 256, 'is too long' ], [ "\xff", 'is not UTF-8 text' ] ],
);

for my $id (sort keys %row) {
    my ($path, $query) = split(/\?/, $request{$id}{url});
    my %given = map { split(/=/, $_, 2) } split(/&/, $query // '');

    for my $field (grep { $_->{in} eq 'query' } $row{$id}{fields}->@*) {
        my ($name, $type, $required) = $field->@{qw(name type required)};
        my %rest = %given;

        delete $rest{$name};

        my $with = sub(@values) {
            return (url => "$path?"
                . join('&', (map { "$_=$rest{$_}" } sort keys %rest),
                map { "$name=$_" } @values));
        };
        my ($bad, $good) = ($QUERY{$type}{bad} // [], $QUERY{$type}{good});

        refuse($id, "$name $_->[1]", "$id: $name=" . substr($_->[0], 0, 20),
            $with->($_->[0])) for @$bad;
        refuse($id, "$name $bad->[0][1]", "$id: $name: the first of two",
            $with->($bad->[0][0], $good->[0])) if @$bad;
        take($id, "$id: $name=" . substr($_, 0, 20), $with->($_)) for @$good;

        if ($type ne 'ids' and @$bad) {
            take($id, "$id: $name: not the second of two",
                $with->($good->[0], $bad->[0][0]));
        }

        if (not $required) {
            take($id, "$id: $name is empty", $with->(''));
            take($id, "$id: without $name", $with->());
            next;
        }

        refuse($id, "parameter $name is required", "$id: without $name", $with->());
        refuse($id, "parameter $name is required", "$id: $name has a case",
            url => ($with->())[1] . "&\U$name\E=$good->[0]");

        if ($type =~ /\A(?:text|ids)\z/) {
            take($id, "$id: $name is empty", $with->(''));
            take($id, "$id: $name without a value", url => ($with->())[1] . "&$name");

        } else {
            refuse($id, "parameter $name is empty", "$id: $name is empty", $with->(''));
        }

        next if not defined $field->{maximum};

        refuse($id, "$name is out of range", "$id: $name=$_", $with->($_))
            for $field->{minimum} - 1, $field->{maximum} + 1, $MAX, $MIN;
        take($id, "$id: $name=$_", $with->($_)) for $field->@{qw(minimum maximum)};
    }

    for my $field (grep { $_->{in} eq 'header' } $row{$id}{fields}->@*) {
        my $name = $field->{name};

        refuse($id, "$name $_->[1]", "$id: $name", headers => [ $name => $_->[0] ])
            for $HEADER{bad}->@*;
        refuse($id, "more than one $name header", "$id: $name twice",
            headers => [ $name => 'a', lc $name => 'b' ]);
        take($id, "$id: $name", headers => [ $name => $_ ]) for '', "$id-1",
            "$id-$FLOWER", "$id-" . 'x' x (254 - length($id));
    }

    take($id, "$id: unknown parameters", url => $request{$id}{url}
        . ($query ? '&' : '?') . $_)
        for 'x=1&y', '%FF=%FF', '&&=&', 'userId=x&storeId=x&Page=x', '%00=%00',
            'a' x 4000;
}


# bodies

my %WHOLE = (
    object => { map { $_ => 'the body is not a JSON object' } '[]', '1', '"a"', 'true',
        '[{}]', '1.5' },
    array => { map { $_ => 'the body is not a JSON array' } '{}', '1', '"a"', 'false' },
    number => { '[]' => 'the body is not a JSON object', '[1]' =>
        'the body is not a JSON object', 'true' => 'totalAmount is not an integer',
        '"x"' => 'totalAmount is not an integer', '""' => 'totalAmount cannot be null',
        '"1.5"' => 'totalAmount is not an integer',
        '1e30' => 'totalAmount is out of range',
        $ABOVE => 'totalAmount is out of range', '{}' => 'totalAmount cannot be null' },
    text => { '[]' => 'the body is not a JSON object', '["a"]' =>
        'the body is not a JSON object', '{}' => 'content cannot be null',
        '"' . 'x' x 2001 . '"' => 'content is too long',
        '1' x 2001 => 'content is too long' },
);

my @NO_JSON = ('{', '}', '[', ']', 'x', "'a'", '{"a"}', '{"a":}', '{a:1}', '[1,]',
    '{"a":1,}', 'nul', 'True', 'NaN', 'Infinity', '-', '01', '1.', '.5', '+1', '1e',
    '0x1F', '--1', '1 2', '"', '"\\x"', '"\\u12"', '"\\u0000"', '"\\ud800"',
    '"\\udc00\\ud800"', "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\x01\"",
    "\"a\0\"", "\0", "\xef\xbb\xbf{}", "1\0", "\0\x31", "1.5\0", "[1\0]", "{\"a\":1\0}",
    '/**/{}', '[' x 8000, '{"a":' x 3000, ' ');

for my $id (grep { $row{$_}{body} ne 'none' } sort keys %row) {
    my $valid = $JSON->encode($request{$id}{body});
    my $form = $row{$id}{body};

    refuse($id, $WHOLE{$form}{$_}, "$id: the body " . substr($_, 0, 20), body => $_)
        for sort keys $WHOLE{$form}->%*;
    refuse($id, 'the body is null', "$id: null", body => $_) for 'null', " null\n";
    refuse($id, 'the body is missing', "$id: no body", body => $_) for undef, '';
    refuse($id, 'the body is missing', "$id: no chunks", body => undef, chunks => []);
    refuse($id, 'the body is missing', "$id: no body of a type", body => '',
        type => 'text/plain');
    refuse($id, 'the body is not valid JSON', "$id: no JSON " . substr($_, 0, 20),
        body => $_) for @NO_JSON, "$valid x", "$valid,", "$valid$valid", "$valid\0",
            substr($valid, 0, -1), "\xff$valid";

    take($id, "$id: type " . ($_ // 'none'), type => $_) for undef, '',
        'application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON',
        'application/json;charset=UTF-8', 'application/vnd.api+json';
    take($id, "$id: white space", body => " \t\r\n$valid \t\r\n");
    take($id, "$id: chunks", body => undef, chunks => [ $valid =~ /(.{1,7})/gs ]);
}

# Bodies with other JSON in the place of one field; $make turns a structure with a
# changed list of fields into the body.
my %FORMS = (
    int64 => { bad => [
            (map { [ $_, 'is not an integer' ] } '"3.7"', '"abc"', '"1e3"', '"0x1F"',
                '"1 2"', '"--1"', '"+"', '"NaN"', '"1,000"', "\"\xef\xbc\x91\"",
                "\"$ABOVE\"", "\"$BELOW\"", 'true', 'false', '"true"', '[]', '{}',
                '[1]', '{"a":1}'),
            map { [ $_, 'is out of range' ] } $ABOVE, $BELOW, "$ABOVE.5", "$BELOW.5",
            "${ABOVE}e0", '1e19',
                '-1e300', '1e400', '9' x 400, '1' . '0' x 30 . '.5' ],
        null => [ 'null', '""', '" "', '"\\t\\n"' ],
        good => [ '1', '"1"', '" 1 "', '"+1"', '"01"', '1.9', '1.0', '1e0', '10e-1',
            '0.99', '-0', '-0.5', '0e9', '1.5E+0', '0.' . '9' x 400 ] },
    lat => { bad => [ (map { [ $_, 'is not a number' ] } '"abc"', '"NaN"', '"Infinity"',
                '"1e400"', '"0x1"', '"1 2"', '"1d"', 'true', 'false', '[]', '{}'),
            map { [ $_, 'is out of range' ] } '90.0000001', '-91', '"90.5"', '1e10',
            '1e400',
                $ABOVE, '9' x 400 ],
        null => [ 'null', '""', '" "' ],
        good => [ '37', '37.5', '"37.5"', '" 37.5 "', '3.75e1', '"3.75E1"', '"+37.5"',
            '-0.0', '90', '-90', '1e-400', '37.' . '5' x 400 ] },
    bool => { bad => [ map { [ $_, 'is not a boolean' ] } '"yes"', '"1"', '"tRUE"',
        '" true"',
            '"x"', '"null"', '[]', '{}' ],
        null => [ 'null', '""' ],
        good => [ 'true', 'false', '"true"', '"True"', '"TRUE"', '"false"', '"False"',
            '"FALSE"', '0', '1', '-1', '0.0', '0.5', '1e400', $ABOVE ] },
    text => { bad => [ (map { [ $_, 'is not a text' ] } '[]', '{}', '["a"]',
        '{"a":1}') ],
        null => [ 'null' ],
        good => [ '""', '"a"', '" "', '1', '1.50', '1e3', '1e400', $ABOVE, 'true',
            'false', '"\\ud83c\\udf38"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"' ] },
    date => { bad => [ map { [ $_, 'is not a date (yyyy-MM-dd)' ] } '"2099-02-30"',
            '"2099-02-29"', '"2100-02-29"', '"2099-13-01"', '"2099-00-10"',
            '"2099-01-00"', '"2099-1-5"', '"20990105"', '"2099/01/05"',
            '"2099-01-05T00:00:00"', '"2099-01-05 "', '" "', '"abc"', '"today"',
            '"infinity"', '20990105', '[2099,1,5]', 'true', '{}', '1.5',
            '"0000-01-01"' ],
        null => [ 'null', '""' ],
        good => [ '"2099-01-05"', '"2096-02-29"', '"9999-12-31"' ] },
    enum => { bad => [ map { [ $_, 'has an unknown value' ] } '"x"', '""', '"pickup"',
            '"PICKUP "', '0', 'true', '[]', '{}' ],
        null => [ 'null' ],
        good => [ '"PICKUP"', '"SUBSCRIBE"', '"DELIVERY"' ] },
    objects => { bad => [ (map { [ $_, 'is not a list' ] } '{}', '1', '"a"', '""',
        'true'),
            (map { [ $_, 'is not a list of objects' ] } '[null]', '[1]', '[[]]',
                '["a"]', '[true]') ],
        null => [ 'null' ],
        good => [ '[]' ] },
    ids => { bad => [ (map { [ "[$_]", 'cannot be null' ] } 'null', '""', '1,null'),
            (map { [ "[$_]", 'is not an integer' ] } '"x"', 'true', '[]', '{}', '[1]',
                '1,"3.7"'),
            map { [ "[$_]", 'is out of range' ] } $ABOVE, '1e19' ],
        null => [],
        good => [ '[]', '["1"]', '[1.9]', '[" 1 "]', '[1,1,1]', "[$MAX,$MIN,0]" ] },
);

$FORMS{int32} = { $FORMS{int64}->%* };
$FORMS{lon} = { $FORMS{lat}->%*, good => [ '127', '180', '"-180"' ],
    bad => [ [ '"x"', 'is not a number' ], [ '180.0000001', 'is out of range' ],
        [ '-181', 'is out of range' ] ] };

my $forms = $FORMS{text};

for my $type ([ text => 255 ], [ text2000 => 2000 ]) {
    my ($name, $max) = @$type;
    my @characters = ('a', $FLOWER, "\xf0\x9f\x8c\xb8", '\\ud83c\\udf38', '\\u0061',
        ' ');

    $FORMS{$name} = { %$forms,
        bad => [ $forms->{bad}->@*, (map { [ "\"$_\"", 'is too long' ] }
            map { $_ x ($max + 1) } @characters), [ '1' x ($max + 1), 'is too long' ] ],
        good => [ $forms->{good}->@*, (map { "\"$_\"" } map { $_ x $max } @characters),
            '1' x $max ] };
}

# what a table leaves to the statement, for the request above
my %ALSO_REQUIRED = map { ("SI7 $_" => 1) } qw(storeId deliveryCost);

# For each member of $fields that the object at hand has: $make gives a body from
# JSON for the object.
sub objects($id, $fields, $object, $make) {
    for my $field (@$fields) {
        my ($name, $type) = $field->@{qw(name type)};
        my $forms = $FORMS{$type} // die "no forms of $type\n";
        my $required = $field->{required} || $ALSO_REQUIRED{"$id $name"};
        my $with = sub($json) {
            my %rest = %$object;
            delete $rest{$name};
            return (body => $make->('{' . join(',', (map { $JSON->encode($_) . ':'
                . $JSON->encode($rest{$_}) } sort keys %rest),
                defined $json ? "\"$name\":$json" : ()) . '}'));
        };

        for my $case ($forms->{bad}->@*) {
            refuse($id, "$name $case->[1]", "$id: $name " . substr($case->[0], 0, 25),
                $with->($case->[0]));
        }

        for my $json ($forms->{null}->@*, undef) {
            my $what = "$id: $name " . ($json // 'left out');

            $required ? refuse($id, "$name cannot be null", $what, $with->($json))
                : take($id, $what, $with->($json));
        }

        take($id, "$id: $name " . substr($_, 0, 25), $with->($_))
            for $forms->{good}->@*;

        if ($field->{notNegative}) {
            refuse($id, "$name cannot be negative", "$id: $name $_", $with->($_))
                for '-1', '"-1"', '-1.5', '"-01"', "\"$MIN\"", $MIN, '-1e2';

        } elsif ($type eq 'int64') {
            take($id, "$id: $name $_", $with->($_)) for '-1', '"-1"', $MIN, "\"$MIN\"";
        }

        if ($type eq 'int32') {
            refuse($id, "$name is out of range", "$id: $name $_", $with->($_))
                for '2147483648', '"2147483648"', '2147483648.0', $MAX;
            take($id, "$id: $name 2147483647", $with->('2147483647'));

        } elsif ($type eq 'int64') {
            take($id, "$id: $name $_", $with->($_)) for $MAX, "\"$MAX\"", "$MAX.9";
        }

        # names have a case, the last of equal ones counts, unknown ones do not
        my ($good, $bad) = ($forms->{good}[0], $forms->{bad}[0]);

        if ($required) {
            refuse($id, "$name cannot be null", "$id: \U$name",
                body => ($with->(undef))[1] =~ s/\}/,"\U$name\E":$good}/r =~ s/\{,/{/r)
                if ($with->(undef))[1] !~ /\}.*\}/s;
            take($id, "$id: $name, the last one",
                body => ($with->($good))[1] =~ s/"$name":/"$name":$bad->[0],"$name":/r);
            refuse($id, "$name $bad->[1]", "$id: $name, not the first one",
                body => ($with->($bad->[0]))[1] =~ s/"$name":/"$name":$good,"$name":/r);
        }

        take($id, "$id: unknown beside $name", body =>
            ($with->($good))[1] =~ s/"$name":/"x-$name":$_,"$name":/r)
            for $ABOVE, '1e400', '{"a":[null,-1.50e-3]}', '"\\ud83c\\udf38"';

        next if $type ne 'objects' or not $object->{$name};

        my ($element) = $object->{$name}->@*;

        objects($id, $field->{fields}, $element, sub($json) {
            return ($with->("[$json]"))[1];
        });
        objects($id, $field->{fields}, $element, sub($json) {
            return ($with->('[' . $JSON->encode($element) . ",$json]"))[1];
        }) if $id eq 'G1';
    }
}

for my $id (grep { $row{$_}{body} ne 'none' } sort keys %row) {
    my @fields = grep { $_->{in} eq 'body' } $row{$id}{fields}->@*;
    my $body = $request{$id}{body};

    if ($row{$id}{body} ne 'array') {
        objects($id, \@fields, $body, sub($json) { return $json });
        next;
    }

    my ($name, $type) = $fields[0]->@{qw(name type)};
    my $forms = $FORMS{$type};

    for my $case (grep { $_->[0] =~ /\A\[/ } $forms->{bad}->@*) {
        refuse($id, "$name $case->[1]", "$id: $case->[0]", body => $case->[0]);
    }

    take($id, "$id: $_", body => $_) for $forms->{good}->@*;

    if ($type eq 'objects') {
        objects($id, $fields[0]{fields}, $body->[0], sub($json) { return "[$json]" });
    }
}

# sizes and types

for my $id (grep { $row{$_}{body} ne 'none' } sort keys %row) {
    my $valid = $JSON->encode($request{$id}{body});

    for my $type ('text/plain', 'text/json', 'application/jsonx', 'application',
        'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'json',
        'application/+json', 'application/xml; x=application/json')
    {
        push @refused, [ $id, [ 415, 'the body must be application/json' ],
            "$id: $type",
            type => $type ];
    }

    push @refused, [ $id, [ 415, 'the body must be application/json' ],
        "$id: no JSON in chunks", body => undef, chunks => [ $valid ],
        type => 'text/plain' ];
    push @refused, [ $id, [ 413, 'the body is too large' ], "$id: one byte too many",
        body => $valid . ' ' x (65537 - length($valid)) ],
        [ $id, [ 413, 'the body is too large' ], "$id: too much in chunks",
            body => undef,
            chunks => [ $valid, ' ' x 40000, ' ' x 40000 ] ];
    take($id, "$id: the largest body", body => $valid . ' ' x (65536 - length($valid)));
}

# none of an endpoint without a body

for my $id (grep { $row{$_}{body} eq 'none' } sort keys %row) {
    take($id, "$id: a body is not read", body => $_->[0], type => $_->[1])
        for [ '{', 'application/json' ], [ 'null', undef ],
            [ 'x' x 20000, 'text/plain' ];
    take($id, "$id: nor its type", headers => [ 'Content-Type' => $_ ])
        for 'application/json', 'text/plain', '';
}


# now ask

my $before = contents();

for my $case (@refused) {
    my ($id, $reason, $name, %change) = @$case;
    my ($status, $text) = ref $reason ? @$reason : (400, $reason);

    is(ask($id, %change)->whole(), join("\n", $status, 'Cache-Control: no-store',
        'Content-Type: application/json', '', '{"data":null,"message":"요청한 값이 '
        . "올바르지 않습니다. $text" . '","errorCode":"COMMON_INVALID_PARAMETER",'
        . '"result":"FAIL"}'), $name);
}

is(contents(), $before, 'nothing was written by what is refused');

for my $case (@accepted) {
    my ($id, $name, %change) = @$case;
    my $answer = ask($id, %change);

    is($answer->status(), 200, $name) or diag($answer->whole());
}

isnt(contents(), $before, 'much was by what is accepted');
is_deeply([ $t->nginx()->workers() ], [ $worker ], 'the worker is the same');

note(@refused . ' refused, ' . @accepted . ' accepted');
$t->done();
