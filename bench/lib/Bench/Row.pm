# The workloads: what is prepared before a measurement, what is sent, and what
# must be true afterwards.
#
# A row's check never takes the load generator's word: it compares the answers'
# bytes with those of sample answers, which are read, and what the stores hold
# with the number of requests.

package Bench::Row;

use v5.36;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use List::Util qw(max);

use BB::Client;
use BB::Response;
use Bench::Cpu qw(settle);

my $HUGE = 2_000_000_000;          # a limit that no measurement reaches
my $TIMEOUT = 10;

my %MESSAGE = (already => '이미 발급받은 쿠폰입니다.',
    sold_out => '준비된 쿠폰이 모두 소진되었습니다.');

my $HOLDERS = 1000;                # of each coupon that has some, shared out
my $EACH = 20;                     # sold out: every twentieth asks again
my ($READERS, $FEW) = (20_000, 200);   # users in the reads, and if quick

# floor: nginx's return 200 is measured beside it
# without: peers that do not serve it
my %ROW = (
    claim => { script => 'claim' },
    soldout => { script => 'holders', floor => 1 },
    duplicate => { script => 'holders' },
    drop => { script => 'drop' },
    my => { script => 'get', floor => 1 },
    list => { script => 'get', floor => 1, without => [ 'node' ] },
    subtract => { script => 'subtract', without => [ 'node' ] },
);


sub names() { return qw(claim soldout duplicate drop my list subtract) }

# Whether that system is measured in the cell.  The counting of rows matters only
# where rows are made, and most of all with one coupon.
sub is_served($cell, $system) {
    my $row = $ROW{ $cell->{row} };

    return $row->{floor} if $system eq 'return200';
    return $cell->{row} eq 'claim' && $cell->{ack} eq 'commit' && $cell->{coupons} == 1
        if $system =~ /-nocount\z/;
    return not grep { $_ eq $system } ($row->{without} // [])->@*;
}


# row, stores, coupons; users, limit: of a drop; held: users who hold each coupon
# before its claims; quick
sub new($class, %o) {
    return bless { %o, readers => $o{quick} ? $FEW : $READERS }, $class;
}


# The state before each measurement of that system.
sub prepare($self, $system) {
    my ($row, $stores, $n) = $self->@{qw(row stores coupons)};

    $stores->clear() if $row =~ /\A(?:claim|soldout|duplicate|drop)\z/
        or not $self->{prepared};

    $stores->count($system->counts());

    my $holders = int($HOLDERS / $n) || 1;

    if ($row eq 'claim') {
        $self->{coupon} = $stores->coupons($n, limit => $HUGE,
            holders => $self->{held} // 0);

    } elsif ($row eq 'soldout') {
        $self->{coupon} = $stores->coupons($n, limit => $holders, holders => $holders);

    } elsif ($row eq 'duplicate') {
        $self->{coupon} = $stores->coupons($n, limit => $HUGE, holders => $holders);

    } elsif ($row eq 'drop') {
        $self->{coupon} = $stores->coupons(1, limit => $HUGE);

    } elsif ($row eq 'my') {
        $stores->holders($self->{readers}) if not $self->{prepared};

    } elsif ($row eq 'subtract') {
        $stores->refill();
    }

    $self->{holders} = $holders;
    $self->{prepared} = 1;
}


# After the warm-up: the coupon of the drop itself.
sub begin_drop($self) {
    $self->{coupon} = $self->{stores}->coupons(1, limit => $self->{limit});
}


# What the load script is told.  phase: a digit, so that users differ
sub arguments($self, $phase) {
    my $row = $self->{row};
    my %a = (prefix => "70$phase");

    return { path => '/stores/coupons/my', users => $self->{readers} } if $row eq 'my';
    return { path => '/stores/list', users => 0 } if $row eq 'list';
    return { stores => $self->{stores}->stores() } if $row eq 'subtract';

    @a{qw(coupon coupons)} = ($self->{coupon}, $row eq 'drop' ? 1 : $self->{coupons});
    @a{qw(holders each)} = ($self->{holders}, $row eq 'duplicate' ? 1 : $EACH)
        if $row eq 'soldout' or $row eq 'duplicate';

    return \%a;
}


sub name($self) { return $self->{row} }

sub script($self) { return $ROW{ $self->{row} }{script} }

sub server($self) { return $self->{row} eq 'subtract' ? 'internal' : 'public' }


# Asks the system as the load will, and reads the answers: the size of each kind.
# Dies if one is not what it should be.
sub samples($self, $system) {
    my $row = $self->{row};
    my $port = $system->port($self->server());
    my $draw = sub($user) {
        return sample($port, 'POST', "/stores/coupons/$self->{coupon}", user => $user,
            body => '{"nickname":"봄이","phoneNumber":"01012345678"}');
    };
    my ($holder, $other) = ('900010000000', '799010000000');

    # the same sizes in every measurement of a system
    my $size = $self->{size}{ $system->{name} } //= {};

    if ($system->{name} eq 'return200') {
        $size->{any} = expect($draw->($other), 'nothing') if $row eq 'soldout';
        $size->{any} = expect(sample($port, 'GET', '/'), 'nothing') if $row ne 'soldout';

    } elsif ($row eq 'claim' or $row eq 'drop') {
        $size->{issued} = expect($draw->($other), 'nothing');

    } elsif ($row eq 'soldout') {
        $size->{already} = expect($draw->($holder), 'already');
        $size->{sold_out} = expect($draw->($other), 'sold_out');

    } elsif ($row eq 'duplicate') {
        $size->{already} = expect($draw->($holder), 'already');

    } elsif ($row eq 'my') {
        $size->{any} = expect(sample($port, 'GET', '/stores/coupons/my',
            user => $holder), 'my');

    } elsif ($row eq 'list') {
        $size->{any} = expect(sample($port, 'GET', '/stores/list'), 'list');

    } elsif ($row eq 'subtract') {
        $size->{any} = expect(sample($port, 'PUT',
            '/client/stores/flowers/stocks/subtract', body => [ { storeId => 1000,
                stockDtos => [ map { { flowerId => $_, stock => 1 } } 1, 2 ],
                phoneNumber => '01012345678', userId => 3214567890 } ]), 'success');
    }

    return $size;
}


# After a drop: nothing is left.
sub late_sample($self, $system, $size) {
    $size->{sold_out} = expect(sample($system->port(), 'POST',
        "/stores/coupons/$self->{coupon}", user => '799010000001',
        body => '{"nickname":"봄이","phoneNumber":"01012345678"}'), 'sold_out');
}


# One request; the answer, with its bytes counted.
sub sample($port, $method, $uri, %o) {
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
        Timeout => $TIMEOUT) // die "connect to port $port: $@\n";
    my $bytes = '';
    my $answer;

    $sock->syswrite(BB::Client::request_bytes($method, $uri, %o));

    while (not $answer) {
        my $copy = $bytes;

        $answer = BB::Response->take(\$copy) and last;
        IO::Select->new($sock)->can_read($TIMEOUT) or die "$method $uri: no answer\n";
        $sock->sysread($bytes, 65536, length($bytes)) or die "$method $uri: no answer\n";
    }

    return { status => $answer->status(), body => $answer->body(),
        size => length($bytes) };
}


sub expect($answer, $kind) {
    my $json = eval { decode_json($answer->{body}) } // {};
    my $message = $json->{message} // '';

    utf8::encode($message);

    my $ok = $answer->{status} == 200 && (
        $kind eq 'nothing' ? $answer->{body} eq ''
        : $kind eq 'success' ? ($json->{result} // '') eq 'SUCCESS'
        : $kind eq 'my' ? @{ $json->{data}{data} // [] } == 3
        : $kind eq 'list' ? @{ $json->{data}{stores} // [] } == 20
        : $message eq $MESSAGE{$kind});

    return $answer->{size} if $ok;
    die "answered $answer->{status} \"$answer->{body}\" where $kind was expected\n";
}


# Waits until the system owes the stores nothing.
sub settled($self, $system, $roots) {
    my $stores = $self->{stores};

    if ($self->{row} =~ /\A(?:claim|drop)\z/ and $system->commits()) {
        $stores->committed(60) or die "claims stay uncommitted\n";
    }

    settle($roots, 10) or die "the processes find no rest\n";
}


# What the stores held before the load.
sub before($self) {
    my ($row, $stores) = $self->@{qw(row stores)};

    return { taken => $stores->taken() } if $row eq 'subtract';
    return {} if $row eq 'my' or $row eq 'list';
    return { members => $stores->members() };
}


# What is wrong with a measurement: a list of sentences.
sub check($self, $system, $before, $load, $size) {
    my ($row, $stores) = $self->@{qw(row stores)};
    my ($requests, $made) = $load->@{qw(requests made)};
    my @wrong;

    for my $error (sort keys $load->{errors}->%*) {
        push @wrong, "$load->{errors}{$error} $error errors" if $load->{errors}{$error};
    }

    push @wrong, 'no request was answered' if not $requests;

    # bytes, but for the answers that came in parts when the load ended
    my %share = $row eq 'soldout' && $system->{name} ne 'return200'
        ? (already => 1 / $EACH, sold_out => 1 - 1 / $EACH) : ();
    my ($only) = keys %$size;
    my $expected = 0;

    if ($row eq 'drop') {
        my $won = $self->{limit};

        $expected = $won * $size->{issued} + ($requests - $won) * $size->{sold_out};

    } elsif (%share) {
        $expected += $requests * $share{$_} * $size->{$_} for keys %share;

    } else {
        $expected = $requests * $size->{$only};
    }

    my $slack = ($made - $requests + 2) * max(values %$size);

    push @wrong, sprintf('%.0f bytes of answers instead of %.0f', $load->{bytes},
        $expected) if abs($load->{bytes} - $expected) > $slack;

    # the stores
    if ($row eq 'subtract') {
        my $taken = ($stores->taken() - $before->{taken}) / 2;

        push @wrong, "stock of $taken requests was taken, $requests of $made were answered"
            if $taken < $requests or $taken > $made;

    } elsif (defined $before->{members}) {
        my $members = $stores->members();
        my $new = $members - $before->{members};
        my $rows = $system->commits() ? $stores->rows() : $members;

        push @wrong, "$rows rows, but $members holders in Redis" if $rows != $members;

        if ($row eq 'claim') {
            push @wrong, "$new new holders, $requests of $made requests were answered"
                if $new < $requests or $new > $made;

        } elsif ($row eq 'drop') {
            push @wrong, "$members of $self->{limit} coupons were issued"
                if $members != $self->{limit};

        } else {
            push @wrong, "$new new holders" if $new;
        }
    }

    return @wrong;
}


1;
