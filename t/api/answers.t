# The OpenAPI document and the server agree: a request that the document describes
# is accepted, one beyond its limits is not, and every answer is of the form that
# is promised.

use v5.36;
use File::Temp qw(tempfile);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Document;

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

my $t = furnished();
my $document = BB::Document->read();

# questions for the bare forms of an answer
my @bare = (3, 4, 5);
my $FLOWER = $JSON->decode('"꽃"');


my (@pairs, @names);

# Notes that an answer is to be as the operation promises.
sub check($name, $operation, $answer) {
    my $response = $document->resolve($operation->{responses}{$answer->status()} // {});
    my $schema = ($response->{content} // {})->{'application/json'}{schema};

    ok(defined $response->{description}, "$name: its status is known")
        or return diag($answer->whole());

    check_headers($name, $response, $answer);

    if ($answer->body() eq '') {
        like($response->{description}, qr/no body/, "$name: no body is known");
        return;
    }

    is($answer->header('Content-Type'), 'application/json', "$name: JSON");
    push @names, $name;
    push @pairs, [ { components => $document->components(), %$schema },
        $answer->json() ];
}

# Notes that its headers are those that are promised, and no others but those that
# HTTP itself needs.
sub check_headers($name, $response, $answer) {
    my %promised = map { lc $_ => $document->resolve($response->{headers}{$_}) }
        keys(($response->{headers} // {})->%*);
    my %sent = map { lc $_->[0] => $_->[1] } $answer->{headers}->@*;

    delete @sent{qw(server date connection content-type content-length)};

    is(join(' ', grep { not $promised{$_} } sort keys %sent), '',
        "$name: no other headers");
    is(join(' ', grep { $promised{$_}{required} and not exists $sent{$_} }
        sort keys %promised), '', "$name: all headers");

    for my $header (grep { $promised{$_} } sort keys %sent) {
        push @names, "$name: $header";
        push @pairs, [ $promised{$header}{schema}, $sent{$header} ];
    }
}

# A success.
sub accepted($name, $operation, @request) {
    my $answer = $t->request(@request);

    is($answer->status(), 200, "$name: answered");
    unlike($answer->body(), qr/"result":"FAIL"/, "$name: a success");
    check($name, $operation, $answer);
}

# The same of rows that are not there, by somebody who has none.
sub ask_others($case) {
    return $t->request($document->request($case, user => 55,
        path => { map { $_ => 999_999 } $case->[1] =~ /\{(\w+)\}/g }));
}

# A body that is not.
sub refused($name, $operation, $body, @request) {
    my ($method, $url, %options) = @request;
    my $answer = $t->request($method, $url, %options, body => $JSON->encode($body));

    is($answer->status(), 400, "$name: refused") or diag($answer->whole());
    check($name, $operation, $answer);
}


my @operations = $document->operations();

is(scalar @operations, 45, 'operations');

for my $case (@operations) {
    my ($method, $path, $operation) = @$case;
    my $id = $operation->{operationId};
    my @request = $document->request($case);

    accepted($id, $operation, @request);
    check("$id: a wrong method", $operation,
        $t->request('PATCH', @request[1 .. $#request]));
    check("$id: nobody's", $operation, ask_others($case));
    check("$id: no userId", $operation, $t->request(@request, user => []));

    my @headers = grep { $_->{in} eq 'header' } map { $document->resolve($_) }
        ($operation->{parameters} // [])->@*;

    check("$id: two callers", $operation, $t->request(@request, user => [ 1, 2 ]))
        if grep { $_->{name} eq 'userId' } @headers;

    my $body = $operation->{requestBody} or next;
    my $schema = $body->{content}{'application/json'}{schema};

    check("$id: no body", $operation, $t->request(@request, body => ''));
    check("$id: too large", $operation,
        $t->request(@request, body => '"' . 'x' x 5000000 . '"'));
    check("$id: no JSON", $operation, $t->request(@request, type => 'text/plain'));

    if ($schema->{oneOf}) {
        for my $value (map { $document->sample({ $schema->{oneOf}[1]->%*,
            type => $_ }) }
            map { ref ? @$_ : $_ } $schema->{oneOf}[1]{type})
        {
            accepted("$id: a bare " . $JSON->encode($value), $operation,
                $document->request($case, body => $value,
                    $id eq 'Q3' ? (path => { questionId => shift(@bare) }) : ()));
        }

        $schema = $schema->{oneOf}[0];
    }

    my $properties = $schema->{properties} // next;
    my %required = map { $_ => 1 } ($schema->{required} // [])->@*;
    my $sample = $document->sample($schema);

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


# what is not served, and what cannot be

for my $domains ('coupon', 'store cargo question') {
    $t->nginx()->reconfigure(domains => $domains);

    for my $case (@operations) {
        my ($method, $path, $operation) = @$case;

        next if grep { $_ eq $operation->{tags}[0] } split(/ /, $domains);

        my $answer = $t->request($document->request($case));

        is($answer->status(), 404, "$operation->{operationId}: not served");
        check("$operation->{operationId}: not served", $operation, $answer);
    }
}

$t->nginx()->reconfigure(domains => 'store coupon cargo question');
$t->db()->stop();

for my $case (@operations) {
    my $id = $case->[2]{operationId};
    my $answer = $t->request($document->request($case));

    is($answer->status(), 503, "$id: without PostgreSQL");
    check("$id: without PostgreSQL", $case->[2], $answer);
}

$t->db()->start();


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
