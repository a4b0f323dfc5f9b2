# The API documents are those that the endpoint tables give now, and the OpenAPI
# document is a valid one.

use v5.36;
use File::Temp qw(tempdir);
use FindBin;
use JSON::PP;
use Test::More;

my $ROOT = "$FindBin::Bin/../..";
my $JSON = JSON::PP->new->utf8->canonical;
my $DIALECT = 'https://json-schema.org/draft/2020-12/schema';

sub slurp($file) {
    open(my $in, '<', $file) or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

sub spit($file, $text) {
    open(my $out, '>', $file) or die "$file: $!\n";
    print $out $text;
    close($out) or die "$file: $!\n";
}


# as make openapi makes them

my $dir = tempdir('bb-store-t-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $page = slurp("$ROOT/docs/api.md");
my $text = slurp("$ROOT/docs/openapi.json");

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
spit("$dir/api.md", $page =~ s/^<!-- endpoints -->\n\K.*(?=^<!-- end)//msr);

my $make = "make -C $ROOT --no-print-directory openapi DOCS=$dir"
    . " ENDPOINTS=$dir/endpoints 2>&1";
my $said = `$make`;

is($?, 0, 'make openapi') or die $said;
is($said, '', 'says nothing');
is(slurp("$dir/api.md"), $page, 'docs/api.md');
ok(slurp("$dir/openapi.json") eq $text, 'docs/openapi.json')
    or diag('it is not what the tables say; run make openapi');

# a page without its markers is left alone
spit("$dir/api.md", "# API\n");
$said = `$make`;
isnt($?, 0, 'no markers: fails');
like($said, qr/api\.md: no lines <!-- endpoints -->/, 'and says why');
is(slurp("$dir/api.md"), "# API\n", 'and changes nothing');


# as OpenAPI wants it

my $document = $JSON->decode($text);
my (@pairs, @names);

# Notes a validation: of an instance by a schema.
sub check($name, $schema, $instance) {
    push @pairs, [ $schema, $instance ];
    push @names, $name;
}

# Calls $visit for the value and all in it, with JSON pointers.
sub walk($value, $at, $visit) {
    $visit->($value, $at);

    if (ref $value eq 'HASH') {
        walk($value->{$_}, "$at/" . s/~/~0/gr =~ s{/}{~1}gr, $visit)
            for sort keys %$value;

    } elsif (ref $value eq 'ARRAY') {
        walk($value->[$_], "$at/$_", $visit) for 0 .. $#$value;
    }
}

sub resolve($reference) {
    my $value = $document;

    for my $step (split(m{/}, $reference =~ s{^#/}{}r)) {
        $value = ref $value eq 'HASH' ? $value->{$step =~ s/~1/\//gr =~ s/~0/~/gr}
            : undef;
    }

    return $value;
}

check('the structure', $JSON->decode(slurp("$FindBin::Bin/openapi-3.1.json")),
    $document);

my (%used, %schema);

walk($document, '#', sub($value, $at) {
    return if ref $value ne 'HASH';
    $used{$value->{'$ref'}} = $at if exists $value->{'$ref'};
    $schema{"$at/schema"} = $value->{schema} if exists $value->{schema};
});

$schema{"#/components/schemas/$_"} = $document->{components}{schemas}{$_}
    for keys $document->{components}{schemas}->%*;

for my $at (sort keys %schema) {
    check("a JSON Schema: $at", { '$ref' => $DIALECT }, $schema{$at});

    check("$at: example", { components => $document->{components}, $schema{$at}->%* },
        $_) for ($schema{$at}{examples} // [])->@*;
}

# what must not be valid, so that the validation means something
check('!an unknown member', $pairs[0][0], { %$document, more => 1 });
check('!a path parameter that is optional', $pairs[0][0], { %$document, paths =>
    { '/{a}' => { get => { responses => { 200 => { description => '' } },
        parameters => [ { name => 'a', in => 'path', schema => {} } ] } } } });
check('!a schema of an unknown type', $pairs[1][0], { type => 'int' });

spit("$dir/pairs", $JSON->encode(\@pairs));

my $errors = $JSON->decode(scalar `$FindBin::Bin/validate < $dir/pairs` || 'null')
    // die "no validation: python3-jsonschema is needed\n";

is(scalar @$errors, scalar @pairs, 'all is validated');

for my $i (0 .. $#pairs) {
    my $found = join("\n", $errors->[$i]->@*);

    if ($names[$i] =~ /^!(.*)/) {
        isnt($found, '', "$1: refused");

    } else {
        is($found, '', $names[$i]);
    }
}

for my $reference (sort keys %used) {
    ok(defined resolve($reference), "$reference: is there");
}

for my $kind (sort keys $document->{components}->%*) {
    for my $name (sort keys $document->{components}{$kind}->%*) {
        ok($used{"#/components/$kind/$name"}, "$kind $name: is used");
    }
}


# what a schema cannot say

my (%operation, %shape);

for my $path (sort keys $document->{paths}->%*) {
    my $item = $document->{paths}{$path};
    my $shape = $path =~ s/\{\w+\}/{}/gr;

    is($shape{$shape}, undef, "$path: no other path is the same but for names");
    $shape{$shape} = $path;

    for my $method (grep { $_ ne 'servers' } sort keys %$item) {
        my $operation = $item->{$method};
        my $id = $operation->{operationId};
        my @parameters = map { $_->{'$ref'} ? resolve($_->{'$ref'}) : $_ }
            ($operation->{parameters} // [])->@*;
        my %seen;

        ok(!$operation{$id}++, "$id: once");
        is_deeply([ map { $_->{name} } grep { $_->{in} eq 'path' } @parameters ],
            [ $path =~ /\{(\w+)\}/g ], "$id: the variables of its path");
        is((grep { $seen{"$_->{in} $_->{name}"}++ } @parameters), 0,
            "$id: no parameter twice");
        ok((grep { $_->{name} eq $operation->{tags}[0] } $document->{tags}->@*),
            "$id: its tag is explained");
        ok(length $operation->{summary}, "$id: has a title");
    }
}

done_testing();
