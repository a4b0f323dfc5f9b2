# A read: what is asked, the statement that it costs, and what must be true of
# both.  For Bench::Measure it is a row.

package Bench::Read;

use v5.36;
use JSON::PP;
use parent -norequire, 'Bench::Row';

use Bench::Engines;
use Bench::Row;

my ($READERS, $FEW) = (20_000, 200);
my ($QUESTIONS, $FEWER) = (50, 5);     # to a store
my $HOLDER = 900_010_000_000;          # the first of the readers
my $SLACK = 20;                        # statements that are nobody's

# of all statements
my %DEFINE = (owner => 't', limit => 20, offset => 0);

# path; sql; id: what %d is; caller: its user is the id plus that; n: how many
# items its list has, if it is one; holders: the callers hold coupons; cached: its
# data comes from Redis
my @READS = (
    { path => '/stores/coupons/my', sql => 'coupon/my', holders => 1, n => 3 },
    { path => '/stores/%d/coupons', sql => 'coupon/list', id => 'store', caller => 0,
        n => 5 },
    { path => '/stores/%d/coupons/product', sql => 'coupon/product', id => 'store',
        caller => 0, n => 5 },
    { path => '/stores/questions/product/%d', sql => 'question/product',
        id => 'product', n => 20 },
    { path => '/stores/%d/questions', sql => 'question/store', id => 'store',
        caller => 0, n => 20 },
    { path => '/stores/%d/flowers/stocks', sql => 'cargo/list', id => 'store',
        caller => 0, n => 5 },
    { path => '/stores/questions/%d', sql => 'question/get', id => 'question' },
    { path => '/stores/%d/user', sql => 'store/page', id => 'store' },
    { path => '/stores/%d/manager', sql => 'store/manager', id => 'store',
        caller => 0 },
    { path => '/stores/%d/delivery-policy', sql => 'store/policy', id => 'store' },
    { path => '/client/stores/%d', sql => 'store/get', id => 'store' },
    { path => '/client/stores/%d/info', sql => 'store/info', id => 'store' },
    { path => '/stores/list', sql => 'store/list', n => 20, cached => 1 },
);


# Fills the stores for them.  stores, dir, quick
sub all(%o) {
    my ($readers, $questions) = $o{quick} ? ($FEW, $FEWER) : ($READERS, $QUESTIONS);
    my $stores = $o{stores};

    $stores->holders($readers);

    my %ids = $stores->readings($questions);

    return map { __PACKAGE__->_new(stores => $stores, dir => $o{dir}, %$_,
        $_->{holders} ? (readers => $readers) : (),
        $_->{id} ? (ids => $ids{ $_->{id} }) : (),
        $o{quick} && $_->{n} && $_->{sql} =~ /question/ ? (n => $questions) : ()) } @READS;
}


# The request that nginx answers alone.
sub floor($stores) {
    return __PACKAGE__->_new(stores => $stores, path => '/');
}


sub _new($class, %o) { return bless { %o, row => 'read' }, $class }


sub name($self) {
    return $self->{path} =~ s/%d/{id}/r . ($self->{sql} ? ", $self->{sql}" : '');
}


sub script($self) { return 'get' }

sub server($self) { return $self->{path} =~ m{\A/client/} ? 'internal' : 'public' }

sub prepare($self, $system) { }


sub arguments($self, $phase) {
    return { path => $self->{path}, users => $self->{readers} // 0,
        $self->{ids} ? (first => $self->{ids}[0], many => $self->{ids}[1]) : (),
        defined $self->{caller} ? (caller => $self->{caller}) : () };
}


# The first and the last answer: each must be the data of its statement.
sub samples($self, $system) {
    my ($first, $many) = ($self->{ids} // [ 0, 1 ])->@*;
    my %size;

    $self->{system} = $system;

    for my $id ($first, $many > 1 ? $first + $many - 1 : ()) {
        my $answer = Bench::Row::sample($system->port($self->server()), 'GET',
            $self->{path} =~ s/%d/$id/r, $self->{holders} ? (user => $HOLDER)
            : defined $self->{caller} ? (user => $id + $self->{caller}) : ());

        $size{ $answer->{size} } = 1;

        if (not $self->{sql}) {
            Bench::Row::expect($answer, 'nothing');
            next;
        }

        my $data = $self->{data}{$id} //= $self->_data($id);
        my $body = qq({"data":$data,"message":null,"errorCode":null,"result":"SUCCESS"});

        die $self->name(), " answered $answer->{status} \"$answer->{body}\" where ",
            "\"$body\" was expected\n"
            if $answer->{status} != 200 or $answer->{body} ne $body;
    }

    die $self->name(), ' has answers of ', join(' and ', keys %size), " bytes\n"
        if keys %size > 1;

    return { any => keys %size };
}


# What pgbench gets from the statement.
sub _data($self, $id) {
    my $db = $self->{stores}->db();

    $db->do('CREATE TABLE IF NOT EXISTS bench_read (data text)');
    $db->do('TRUNCATE bench_read');

    my $round = Bench::Engines::pgbench(stores => $self->{stores}, dir => $self->{dir},
        transactions => 1, seconds => 0, define => \%DEFINE, text => $self->_text($id)
            . "\n\\gset got_\nINSERT INTO bench_read VALUES (:got_data);\n");
    my $data = $db->value('SELECT data FROM bench_read') // '';

    $db->do('DROP TABLE bench_read');
    die $self->name(), ": @{$round->{wrong}}\n" if $round->{wrong};

    my $json = eval { decode_json($data) };
    my ($list) = grep { ref eq 'ARRAY' } ref $json eq 'HASH' ? values %$json : ();

    die $self->name(), " tells \"$data\"\n"
        if ref $json ne 'HASH' or $self->{n} && ($list // [])->@* != $self->{n};

    return $data;
}


# The statement for an id, or for a random one each time.
sub _text($self, $id = undef) {
    my ($first, $many) = ($self->{ids} // [ 0, $self->{readers} // 1 ])->@*;
    my $text = '\set id ' . ($id // "random($first, $first + $many - 1)") . "\n";
    my %user;

    if ($self->{holders}) {
        $text .= "\\set user $HOLDER + :id * 55621993 % 89999999\n";
        $user{user} = 'user';

    } elsif (defined $self->{caller}) {
        $text .= "\\set user :id + $self->{caller}\n";
        $user{user} = 'user';
    }

    return $text . Bench::Engines::statement($self->{sql}, %user,
        map({ $_ => 'id' } qw(storeId productId questionId)),
        map { $_ => $_ } 'today', keys %DEFINE);
}


# A round of pgbench with the statement.
sub bare($self, $seconds) {
    return Bench::Engines::pgbench(stores => $self->{stores}, dir => $self->{dir},
        seconds => $seconds, define => \%DEFINE, text => $self->_text() . ";\n");
}


# How many statements the module has sent.
sub before($self) {
    return {} if not $self->{sql};

    my $status = decode_json(Bench::Row::sample($self->{system}->port('ops'), 'GET',
        '/ops/status')->{body})->{workers}[0];

    return { calls => $status->{postgres}{calls} + $status->{postgres_write}{calls} };
}


# As of other rows; and a request is one statement, but where there is a cache.
sub check($self, $system, $before, $load, $size) {
    my @wrong = $self->SUPER::check($system, $before, $load, $size);

    return @wrong if not $self->{sql};

    my $calls = $self->before()->{calls} - $before->{calls};
    my ($least, $most) = $self->{cached} ? (0, $load->{requests} / 50)
        : $load->@{qw(requests made)};

    push @wrong, "$calls statements, $load->{requests} of $load->{made} requests were "
        . 'answered' if $calls < $least or $calls > $most + $SLACK;

    return @wrong;
}


1;
