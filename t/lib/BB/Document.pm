# The OpenAPI document, docs/openapi.json: its operations, and for each a request that
# succeeds once with the rows that furnished() makes.

package BB::Document;

use v5.36;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use JSON::PP;

use BB::Store;
use BB::Test;

our @EXPORT = qw(furnished);

my $FILE = abs_path(dirname(__FILE__) . '/../../../docs/openapi.json');
my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

# those that change something come last
my %LATE = (get => 0, post => 1, put => 2, delete => 3);


# what the document alone cannot know

my %PATH = (storeId => 1, couponId => 5, questionId => 1, productId => 'p',
    userId => 101);
my %QUERY = (sido => '11', gugun => '11680', lat => 37.5, lon => 127);
my ($SIDO, $GUGUN) = $JSON->decode('["서울","강남구"]')->@*;
my %BODY = (sido => $SIDO, gugun => $GUGUN, lat => 37.5, lon => 127, storeId => 1,
    flowerId => 1);

my %OTHER = (
    S1 => { user => 900 },                   # has no store yet
    SI7 => { body => { validatePriceDtos => [], orderType => 'DELIVERY' } },
    C3 => { path => { couponId => 8 } },
    C5 => { user => 7 },                     # have no coupon yet
    C6 => { user => 8 },
    CI1 => { path => { couponId => 6 } },
    Q3 => { path => { questionId => 2 } },   # has no answer yet
);


# A test with rows for each of the requests; %o: more for BB::Test.
sub furnished(%o) {
    my $t = add_services(BB::Test->new(domains => 'store coupon cargo question',
        stores => [ { id => 9, manager => 109 } ],
        coupons => [ map({ { id => $_, store => 9, issued => [ 101 ] } } 5 .. 8) ],
        %o))->run();

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

    $BODY{startDate} = $t->today(1);
    $BODY{endDate} = $t->today(2);
    return $t;
}


sub read($class) {
    open(my $in, '<', $FILE) or die "$FILE: $!\n";
    local $/;
    return bless { document => $JSON->decode(scalar <$in>) }, $class;
}


sub components($self) { return $self->{document}{components} }


# All operations: [ method, path, what the document says of it ].
sub operations($self) {
    my $paths = $self->{document}{paths};
    my @operations = map {
        my $path = $_;
        map { [ $_, $path, $paths->{$path}{$_} ] }
            grep { $_ ne 'servers' } keys $paths->{$path}->%*;
    } keys %$paths;

    return sort { $LATE{$a->[0]} <=> $LATE{$b->[0]} or $a->[1] cmp $b->[1] }
        @operations;
}


sub resolve($self, $value) {
    my $reference = $value->{'$ref'} // return $value;
    my $found = $self->{document};

    $found = $found->{$_} for split(m{/}, $reference =~ s{^#/}{}r);
    return $found;
}


# A value of that schema.
sub sample($self, $schema, $name = '') {
    my $type = ref $schema->{type} ? $schema->{type}[0] : $schema->{type} // '';

    return $self->sample($schema->{oneOf}[0]) if $schema->{oneOf};
    return { map { $_ => $self->sample($schema->{properties}{$_}, $_) }
        keys $schema->{properties}->%* } if $type eq 'object';
    return [ $self->sample($schema->{items}) ] if $type eq 'array';
    return $BODY{$name} if exists $BODY{$name};
    return $schema->{enum}[0] if $schema->{enum};
    return 'text' if $type eq 'string';
    return JSON::PP::false if $type eq 'boolean';
    return 1 if $type =~ /\A(?:integer|number)\z/;
    die "no sample of $type\n";
}


# The request of an operation, as BB::Client takes it; %o: other than usual.
# user, path: variables;  body
sub request($self, $case, %o) {
    my ($method, $path, $operation) = @$case;
    my %other = (($OTHER{$operation->{operationId}} // {})->%*, %o);
    my %path = (%PATH, ($other{path} // {})->%*);
    my @query;
    my %options;

    for my $parameter (map { $self->resolve($_) }
        ($operation->{parameters} // [])->@*)
    {
        my $name = $parameter->{name};

        $options{user} = $other{user} // 101 if $name eq 'userId'
            and $parameter->{in} eq 'header';
        push @query, "$name=" . ($QUERY{$name} // $self->sample(
            $parameter->{schema}{items} // $parameter->{schema}))
            if $parameter->{in} eq 'query' and $parameter->{required};
    }

    if (my $body = $operation->{requestBody}) {
        $options{body} = $JSON->encode($other{body}
            // $self->sample($body->{content}{'application/json'}{schema}));
    }

    return (uc $method, $path =~ s/\{(\w+)\}/$path{$1}/gr
        . (@query ? '?' . join('&', @query) : ''), %options);
}


1;
