# The OpenAPI document and the server agree: a request that the document describes
# is accepted, one beyond its limits is not, and every answer is of the form that
# is promised.

use v5.36;
use File::Temp qw(tempfile);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Store;
use BB::Test;

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

my $FILE = "$FindBin::Bin/../../docs/openapi.json";

my $document = $JSON->decode(do {
    open(my $in, '<', $FILE) or die "$FILE: $!\n";
    local $/;
    <$in>;
});

my $t = add_services(BB::Test->new(domains => 'store coupon cargo question',
    stores => [ { id => 9, manager => 109 } ],
    coupons => [ map({ { id => $_, store => 9, issued => [ 101 ] } } 5 .. 8) ]))->run();

# store 1, managed by 101, has everything; store 2 has no address
add_stores($t, { id => 1, rating => 4.5 }, { id => 2, address => undef });

$t->db()->do('UPDATE coupon SET store_id = 1');
$t->db()->do("SELECT setval(pg_get_serial_sequence('$_', 'id'), 100)")
    for qw(store store_address);
$t->db()->do("INSERT INTO flower_cargo (store_id, flower_id, flower_name, stock)
    VALUES (1, 1, '장미', 100), (1, 2, NULL, 100)");
$t->db()->do("INSERT INTO question (store_id, user_id, nickname, product_id,
        product_name, title, content)
    SELECT 1, 101, '봄이', 'p', '장미', '문의', '?' FROM generate_series(1, 5)");
$t->db()->do("INSERT INTO answer (id, content) VALUES (1, '네')");


# what the document alone cannot know

my %PATH = (storeId => 1, couponId => 5, questionId => 1, productId => 'p',
    userId => 101);
my %QUERY = (sido => '11', gugun => '11680', lat => 37.5, lon => 127);
my ($SIDO, $GUGUN, $FLOWER) = $JSON->decode('["서울","강남구","꽃"]')->@*;
my %BODY = (sido => $SIDO, gugun => $GUGUN, lat => 37.5, lon => 127,
    startDate => $t->today(1), endDate => $t->today(2), storeId => 1, flowerId => 1);

my %OTHER = (
    S1 => { user => 900 },                   # has no store yet
    SI7 => { body => { validatePriceDtos => [], orderType => 'DELIVERY' } },
    C3 => { path => { couponId => 8 } },
    C5 => { user => 7 },                     # have no coupon yet
    C6 => { user => 8 },
    CI1 => { path => { couponId => 6 } },
    Q3 => { path => { questionId => 2 } },   # has no answer yet
);

# questions for the bare forms of an answer
my @bare = (3, 4, 5);


sub resolve($value) {
    my $reference = $value->{'$ref'} // return $value;
    my $found = $document;

    $found = $found->{$_} for split(m{/}, $reference =~ s{^#/}{}r);
    return $found;
}

# A value of that schema.
sub sample($schema, $name = '') {
    my $type = ref $schema->{type} ? $schema->{type}[0] : $schema->{type} // '';

    return sample($schema->{oneOf}[0]) if $schema->{oneOf};
    return { map { $_ => sample($schema->{properties}{$_}, $_) }
        keys $schema->{properties}->%* } if $type eq 'object';
    return [ sample($schema->{items}) ] if $type eq 'array';
    return $BODY{$name} if exists $BODY{$name};
    return $schema->{enum}[0] if $schema->{enum};
    return 'text' if $type eq 'string';
    return JSON::PP::false if $type eq 'boolean';
    return 1 if $type =~ /\A(?:integer|number)\z/;
    die "no sample of $type\n";
}

# Request and path of an operation: [ method, path, parameters and body ].
sub request($method, $path, $operation, %o) {
    my %other = (($OTHER{$operation->{operationId}} // {})->%*, %o);
    my %path = (%PATH, ($other{path} // {})->%*);
    my @query;
    my %options;

    for my $parameter (map { resolve($_) } ($operation->{parameters} // [])->@*) {
        my $name = $parameter->{name};

        $options{user} = $other{user} // 101 if $name eq 'userId'
            and $parameter->{in} eq 'header';
        push @query, "$name=" . ($QUERY{$name} // sample(
            $parameter->{schema}{items} // $parameter->{schema}))
            if $parameter->{in} eq 'query' and $parameter->{required};
    }

    if (my $body = $operation->{requestBody}) {
        $options{body} = $JSON->encode($other{body}
            // sample($body->{content}{'application/json'}{schema}));
    }

    return (uc $method, $path =~ s/\{(\w+)\}/$path{$1}/gr
        . (@query ? '?' . join('&', @query) : ''), %options);
}


my (@pairs, @names);

# Notes that an answer is to be as the operation promises.
sub check($name, $operation, $answer) {
    my $response = resolve($operation->{responses}{$answer->status()} // {});
    my $schema = ($response->{content} // {})->{'application/json'}{schema};

    ok(defined $response->{description}, "$name: its status is known")
        or return diag($answer->whole());

    if ($answer->body() eq '') {
        like($response->{description}, qr/no body/, "$name: no body is known");
        return;
    }

    is($answer->header('Content-Type'), 'application/json', "$name: JSON");
    push @names, $name;
    push @pairs, [ { components => $document->{components}, %$schema },
        $answer->json() ];
}

# A success.
sub accepted($name, $operation, @request) {
    my $answer = $t->request(@request);

    is($answer->status(), 200, "$name: answered");
    unlike($answer->body(), qr/"result":"FAIL"/, "$name: a success");
    check($name, $operation, $answer);
}

# A body that is not.
sub refused($name, $operation, $body, @request) {
    my ($method, $url, %options) = @request;
    my $answer = $t->request($method, $url, %options, body => $JSON->encode($body));

    is($answer->status(), 400, "$name: refused") or diag($answer->whole());
    check($name, $operation, $answer);
}


# all operations; those that change something come last

my @operations = map {
    my $path = $_;
    map { [ $_, $path, $document->{paths}{$path}{$_} ] }
        grep { $_ ne 'servers' } keys $document->{paths}{$path}->%*;
} keys $document->{paths}->%*;

my %LATE = (get => 0, post => 1, put => 2, delete => 3);

@operations = sort { $LATE{$a->[0]} <=> $LATE{$b->[0]} or $a->[1] cmp $b->[1] }
    @operations;
cmp_ok(scalar @operations, '>=', 12, 'operations');

for my $case (@operations) {
    my ($method, $path, $operation) = @$case;
    my $id = $operation->{operationId};
    my @request = request($method, $path, $operation);

    accepted($id, $operation, @request);

    my $body = $operation->{requestBody} or next;
    my $schema = $body->{content}{'application/json'}{schema};

    check("$id: no body", $operation, $t->request(@request, body => ''));
    check("$id: too large", $operation,
        $t->request(@request, body => '"' . 'x' x 5000000 . '"'));
    check("$id: no JSON", $operation, $t->request(@request, type => 'text/plain'));

    if ($schema->{oneOf}) {
        for my $value (map { sample({ $schema->{oneOf}[1]->%*, type => $_ }) }
            map { ref ? @$_ : $_ } $schema->{oneOf}[1]{type})
        {
            accepted("$id: a bare " . $JSON->encode($value), $operation,
                request($method, $path, $operation, body => $value,
                    $id eq 'Q3' ? (path => { questionId => shift(@bare) }) : ()));
        }

        $schema = $schema->{oneOf}[0];
    }

    my $properties = $schema->{properties} // next;
    my %required = map { $_ => 1 } ($schema->{required} // [])->@*;
    my $sample = sample($schema);

    for my $name (sort keys %$properties) {
        my $limits = $properties->{$name};

        for my $wrong (
            $required{$name} ? undef : (),
            exists $limits->{maxLength} ? $FLOWER x ($limits->{maxLength} + 1) : (),
            exists $limits->{minimum} ? $limits->{minimum} - 1 : (),
            exists $limits->{maximum} ? $limits->{maximum} + 1 : (),
            exists $limits->{enum} ? 'OTHER' : (),
            exists $limits->{format} && $limits->{format} eq 'date' ? '2024-02-30' : (),
            [ {} ])
        {
            refused("$id: $name " . substr($JSON->encode($wrong), 0, 20), $operation,
                { %$sample, $name => $wrong }, @request);
        }
    }
}


# the forms of all these answers

my ($file, $pairs) = tempfile('bb-store-t-XXXXXX', TMPDIR => 1, UNLINK => 1);

print $file $JSON->encode(\@pairs);
close($file) or die "$pairs: $!\n";

my $errors = $JSON->decode(scalar `$FindBin::Bin/validate < $pairs` || 'null')
    // die "no validation: python3-jsonschema is needed\n";

is(scalar @$errors, scalar @pairs, 'all are validated');
is(join("\n", $errors->[$_]->@*), '', "$names[$_]: as promised")
    or diag($JSON->encode($pairs[$_][1])) for 0 .. $#pairs;

$t->done();
