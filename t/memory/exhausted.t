# Memory runs out, once, at each allocation that the module makes for a request and
# behind its answer: the request is answered properly, nothing stays in flight, and
# nothing is lost or given twice.  Needs the test build of the module (make
# FAULTS=1).

use v5.36;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

BEGIN {
    $ENV{BB_MODULE} = $ENV{BB_FAULTS_MODULE}
        // abs_path("$FindBin::Bin/../..") . '/build-faults/ngx_bb_store_module.so';
    die "$ENV{BB_MODULE} is missing: make FAULTS=1\n" if not -f $ENV{BB_MODULE};
}

use BB::Answer;
use BB::Audit;
use BB::Loss;
use BB::Ops;
use BB::Phone;
use BB::Process qw(await);
use BB::Store;
use BB::Test;

my $MISSES = 3;          # in a row: there is no such allocation any more
my $SYSTEM = qr/"errorCode":"COMMON_SYSTEM_ERROR","result":"FAIL"\}\z/;

my $t = BB::Test->new(domains => 'store coupon cargo question',
    http => 'bb_store_sweep 1d; bb_store_audit off;
        bb_store_breaker getStoreLikes window=1 calls=1 open=1ms trials=1 half_open=1h;',
    server => 'location = /stores/coupons/8 {
        bb_store coupon;
        bb_store_mount /stores;
        bb_store_coupon_ack claim;
    }
    location = /connections { stub_status; }',
    coupons => [ map({ { id => $_, limit => 1000 } } 7 .. 9, 64),
        map({ { id => $_, store => 2, limit => 1000 } } 20, 21),
        { id => 10, limit => 1, issued => [ 1 ] }, { id => 11, issued => [ 1 .. 5 ] },
        { id => 12 } ]);

add_services($t)->run();
add_stores($t, { id => 5 });
$t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock, updated_at)
    SELECT 1, f, 1000000, now() FROM generate_series(1, 3) f');

my @workers = $t->nginx()->workers();
my $failed = 0;

open(my $log, '<', $t->nginx()->error_log()) or die "error log: $!\n";

# How many allocations have failed so far.
sub failed() {
    seek($log, 0, 1);
    $failed += grep { /an allocation fails/ } <$log>;
    return $failed;
}

# No allocation fails from now on.
sub disarm() {
    $t->new_client('ops')->request('GET', '/livez',
        headers => [ 'Fault-Allocation' => 0 ]);
}

# True once nobody waits for anything.
sub quiet() {
    my $ops = $t->new_client('ops');

    return await(10, sub {
        my $status = $ops->request('GET', '/ops/status')->body();
        my @left = $status =~ /"(?:in_flight|pending_claims)":(\d+)/g;

        return @left && not grep { $_ } @left;
    });
}

# How many connections nginx has, but for those of this test's own clients.
sub connections() {
    my $kept = grep { $_->{sock} } values $t->{client}->%*;
    my $text = $t->new_client()->request('GET', '/connections')->body();

    return $text =~ /^Active connections: (\d+)/ ? $1 - 1 - $kept
        : die "no number of connections: $text\n";
}

my $idle = connections();

# True once no request is left of those that were answered, or given up.
sub ended() { return await(10, sub { connections() <= $idle }) }

# What is wrong with an answer: nothing if it is a good one, tells of the failure in
# the service's words or nginx's, or if the connection has ended.
sub flaw($answer, $is_good) {
    my ($status, $body) = ($answer->status(), $answer->body());

    return '' if $status == 0 and $answer->{reason} eq 'connection closed';
    return '' if $status == 200 and $is_good->($answer);
    return '' if $status =~ /\A50[03]\z/
        and $body =~ /$SYSTEM|\A\{"failure":"[^"]+"\}\z|\A\{"ready":false,|<h1>\Q$status\E /;
    return $answer->whole() . ($answer->{reason} // '');
}

# Makes a request ($request->($n): listener, method, uri, options) whose n-th
# allocation fails, for each n.
# before, then: called with n, the latter when it has been answered, and the failure
# is yet to come;  after: with n and the answer, returns what is wrong;
# times: that often, whether or not there is such an allocation;  step: not each n
sub exhaust($name, $request, $is_good, %o) {
    my ($n, $hits, $misses, @wrong) = (0, 0, 0);

    while ($o{times} ? $n < $o{times} : $misses < $MISSES) {
        $n += $o{step} // 1;
        $o{before}->($n) if $o{before};

        my ($server, $method, $uri, %r) = $request->($n);
        my $before = failed();
        my $answer = $t->new_client($server)->request($method, $uri, %r,
            headers => [ ($r{headers} // [])->@*, 'Fault-Allocation' => $n ]);

        $o{then}->($n) if $o{then};
        my $hit = await(0.1, sub { failed() > $before });

        disarm();
        $hits += $hit ? 1 : 0;
        $misses = $hit ? 0 : $misses + 1;

        my $quiet = quiet();
        my $ended = ended();

        my @flaws = grep { length } flaw($answer, $is_good),
            $quiet ? () : 'something stays in flight',
            $ended ? () : 'a request does not end',
            $o{after} ? $o{after}->($n, $answer) // '' : ();

        push @wrong, map { "$n: $_" } @flaws;
    }

    splice(@wrong, 5) if @wrong > 5;
    is(join("\n", @wrong), '', "$name: all is well");
    cmp_ok($hits, '>', 5, "$name: with allocations that fail");
    note("$hits allocations");

    my ($server, $method, $uri, %r) = $request->(++$n);

    $o{before}->($n) if $o{before};
    is(flaw($t->new_client($server)->request($method, $uri, %r), $is_good) || 'good',
        'good', "$name: and with none");
}

# That an answer is the same as one without a failure, or differs only in its numbers
# or in what another service says.
sub same_as(@request) {
    my $want = _form($t->new_client($request[0])->request(@request[1 .. $#request]));

    return sub($answer) { _form($answer) eq $want };
}

sub _form($answer) {
    return $answer->whole() =~ s/\b\d+(?:\.\d+)?\b/0/gr
        =~ s/("(?:isLiked|isSubscribed|subscriptionProductId)":)[^,}]+/$1x/gr
        =~ s/("intent_log":)\{[^}]+\}/$1x/r;
}

sub is_void($answer) { return $answer->whole() eq "200\nCache-Control: no-store\n\n" }


# draws

my %verdicts;

sub draw($id, %o) {
    exhaust($o{name}, sub($n) { ('public', $t->draw($id, $n)) }, \&is_void,
        before => $o{before}, after => sub($n, $answer) {
            my $word = verdict($answer);

            push $verdicts{$id}->@*, $word =~ /\A500\n/ ? UNAVAILABLE : $word;
            return;
        });
    push $verdicts{$id}->@*, ISSUED;       # the one without a failure
}

draw(7, name => 'a draw');
draw(8, name => 'a draw, answered when it is granted');
draw(9, name => 'a draw of a coupon that Redis has lost',
    before => sub($n) { $t->redis()->cmd('DEL', $t->key(9)) });

exhaust('all coupons of a store', sub($n) {
        ('public', 'POST', '/stores/2/coupons/all', user => $n,
            body => '{"nickname":"봄이","phoneNumber":"01012345678"}') },
    \&is_void);

is($t->claim(10, user => 2), SOLD_OUT, 'coupon 10 is sold out');
exhaust('a draw of a coupon that is sold out', sub($n) {
        ('public', $t->draw(10, $n % 2 + 1)) },
    sub($answer) { verdict($answer) =~ /\A(?:SOLD_OUT|ALREADY_ISSUED)\z/ },
    before => sub($n) { $t->put('/stores/1/coupons/10', user => 101,
        body => coupon_body(limitCount => 1, endDate => $t->today(7 + $n % 2))) });


# edits

sub coupon_body(%o) {
    return { couponName => 'x', discountPrice => 1, minPrice => 1, limitCount => 60,
        startDate => $t->today(), endDate => $t->today(7), %o };
}

exhaust('a new coupon', sub($n) {
        ('public', 'POST', '/stores/1/coupons', user => 101, body => coupon_body()) },
    \&is_void);

my $limit = 0;

exhaust('an edit', sub($n) {
        ('public', 'PUT', '/stores/1/coupons/12', user => 101,
            body => coupon_body(limitCount => 100 + $n)) },
    \&is_void, after => sub($n, $answer) {
        my ($row, $hash) = ($t->db()->value('SELECT limit_count FROM coupon
            WHERE id = 12'), sub { $t->redis()->cmd('HGET', $t->key(12), 'limit') });

        return "limit $row after an answer" if $answer->status() == 200
            and $row != 100 + $n;
        return if await(10, sub { ($hash->() // $row) == $row });
        return "limit $row, Redis has " . $hash->();
    });

exhaust('a new store', sub($n) {
        ('public', 'POST', '/stores/', user => 1000 + $n, body => store_body()) },
    sub($answer) { $answer->body() =~ /"data":\d+,.*"SUCCESS"/ });
exhaust('a question', sub($n) {
        ('public', 'POST', '/stores/questions', user => 7, body =>
            { storeId => 1, productId => 'x', productName => 1.5, title => 'x',
              content => 'x', nickname => 'x', isSecret => JSON::PP::false }) },
    \&is_void);


# stock

my $stock = 1000000;

exhaust('a change of stock', sub($n) {
        ('internal', 'PUT', '/client/stores/flowers/stocks/subtract', body =>
            [ { storeId => 1, stockDtos => [ { flowerId => 1, stock => 1 } ],
                phoneNumber => '1', userId => 1 } ]) },
    sub($answer) { $answer->body() =~ /"SUCCESS"/ },
    after => sub($n, $answer) {
        my $left = $t->db()->value('SELECT stock FROM flower_cargo
            WHERE store_id = 1 AND flower_id = 1');
        my $change = $stock - $left;

        $stock = $left;
        return if $change == 1 or $change == 0 and $answer->status() != 200;
        return "stock changed by $change, after " . $answer->status();
    });


# reads

for my $read ([ 'own coupons', 'public', 'GET', '/stores/coupons/my', user => 1 ],
    [ 'stores, with likes', 'public', 'GET', '/stores/list', user => 7 ],
    [ 'a store', 'public', 'GET', '/stores/5/user', user => 7 ],
    [ 'stock', 'public', 'GET', '/stores/1/flowers/stocks', user => 101 ],
    [ 'readiness', 'ops', 'GET', '/readyz' ])
{
    my ($name, @request) = @$read;

    exhaust($name, sub($n) { @request }, same_as(@request));
}

exhaust('status', sub($n) { ('ops', 'GET', '/ops/status') },
    same_as('ops', 'GET', '/ops/status'), step => 5);


# an answer, and the number of who asked, which the worker asks for by itself

my $id;

# only in its own turn
$t->db()->do("ALTER TABLE outbox ALTER next_try_at SET DEFAULT now() + interval '1 day'");
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content)
    SELECT n, 5, ('7654' || n)::bigint, '', '', '', '', ''
    FROM generate_series(1000, 1500) n");

exhaust('an answer to a question', sub($n) {
        ('public', 'POST', '/stores/questions/' . (1000 + $n) . '/answers', user => 105,
            body => '"네"') },
    \&is_void);

exhaust('a phone number', sub($n) { ('ops', 'GET', '/livez') },
    sub($answer) { 1 },
    before => sub($n) { ($id) = wait_for_number($t, 2000 + $n) },
    then => sub($n) {
        my $before = failed();

        due($t, $id);
        await(10, sub { failed() > $before or message($t, $id) ne 'waits' });
    },
    after => sub($n, $answer) {
        due($t, $id);
        return await(10, sub { message($t, $id) ne 'waits' }) ? undef : 'no number comes';
    });

# What came to the services has all that it needs: nothing left them half made.
sub flaw_of_call($call) {
    my %header = map { lc($_->[0]) => $_->[1] } $call->{headers}->@*;
    my $body = $call->{uri} =~ m{\A/client/(?:likes|order-query)/};
    my @want = ($body ? 'POST' : 'GET', 'application/json',
        $body ? ('application/json', 7) : ('', ''));
    my @got = ($call->{method}, map { $header{$_} // '' } qw(accept content-type userid));

    return "@got" eq "@want" && ($call->{size} > 2) == $body ? ()
        : "@got $call->{uri}, $call->{size} bytes";
}

is(join("\n", map { flaw_of_call($_) } $t->{services}->requests()), '',
    'all calls that came were whole');
is(join(' ', map { $_->{failures} } values status($t)->{breakers}->%*), '0 0 0 0',
    'what memory failed for is no failure of a service');

# one trial at a time is let through: it must not get lost
exhaust('a trial of a breaker', sub($n) { ('public', 'GET', '/stores/list', user => 1) },
    sub($answer) { $answer->body() =~ /"SUCCESS"/ },
    before => sub($n) {
        service_answers($t, 'likes', 500);
        $t->get('/stores/list', user => 1);
        service_answers($t, 'likes');
    },
    after => sub($n, $answer) {
        return await(10, sub {
            $t->get('/stores/list', user => 1)->body() =~ /"isLiked":true/ })
            ? undef : 'no call is let through';
    });


# the audit

my $set = $t->key(11, ':issued');

is($t->claim(11, user => 6), ISSUED, 'coupon 11 is loaded');
ok(quiet(), 'quiet');
$t->redis()->cmd('SADD', $set, 70);
$t->redis()->cmd('XADD', '{bb:11}:claims', '*', coupon => 11,
    claims => '[[70,"a","1",70]]');

my @audit = ('ops', 'GET', '/ops/coupons/11/audit');

exhaust('an audit', sub($n) { @audit }, same_as(@audit));

# rows of which Redis does not know, members without one
exhaust('a repair', sub($n) {
        ('ops', 'POST', '/ops/coupons/11/audit?repair=1') },
    sub($answer) { 1 },
    before => sub($n) {
        $t->redis()->cmd('SREM', $set, 2, 3);
        $t->redis()->cmd('SADD', $set, 70, 80, 81);
    },
    after => sub($n, $answer) {
        my %members = map { $_ => 1 } $t->members(11);

        return 'a holder was removed' if grep { not $members{$_} } 1, 4, 5, 6;
        return 'a granted claim was removed' if not $members{70};
        return "not repaired, but told so" if $answer->status() == 200
            and join(' ', sort keys %members) ne '1 2 3 4 5 6 70';
        return;
    });


# connections

# All connections to the stores, by name.
sub sessions() {
    return $t->db()->column("SELECT pid::text || backend_start FROM pg_stat_activity
            WHERE application_name = 'bb_store'"),
        $t->redis()->cmd(qw(CLIENT LIST)) =~ /^(id=\d+ ).*name=bb_store /mg;
}

exhaust('new connections', sub($n) { ('ops', 'GET', '/livez') }, sub($answer) { 1 },
    then => sub($n) {
        my $before = failed();
        my %old = map { $_ => 1 } sessions();

        $t->redis()->drop_clients();
        $t->db()->drop_clients();
        await(10, sub { failed() > $before
            or keys %old == grep { not $old{$_} } sessions() });
    },
    after => sub($n, $answer) {
        return await(10, sub { (ready($t))[0] == 200 and connected($t) })
            ? undef : 'not ready';
    });


is_deeply([ $t->nginx()->workers() ], \@workers, 'the same worker');


# nothing is lost, by the sweep, in which it runs out as well

$t->nginx()->reconfigure(http => $t->nginx()->{http} =~ s/sweep 1d/sweep 100ms/r);
@workers = $t->nginx()->workers();

nothing_lost($t, $_, [ 1 .. $verdicts{$_}->@* ], $verdicts{$_}, "coupon $_",
    silent => 1) for 7 .. 9;

is($t->claim(64, user => 1000), ISSUED, 'coupon 64 is loaded');
exhaust('the sweep', sub($n) { ('ops', 'GET', '/livez') }, sub($answer) { 1 },
    times => 40, then => sub($n) {
        my $before = failed();

        $t->redis()->cmd('SADD', $t->key(64, ':issued'), $n);
        $t->redis()->cmd('XADD', '{bb:0}:claims', '*', coupon => 64,
            claims => qq([[$n,"a","1",$n]]));
        await(10, sub { failed() > $before or $t->claims_left() == 0 });
    },
    after => sub($n, $answer) {
        return $t->settled() ? undef : 'the intent log is not empty';
    });
is(status($t)->{coupon}{dead_letters}, 0, 'no dead letter');

is_consistent($t, $_, "coupon $_ is consistent") for 7 .. 12, 20, 21, 64;
is_deeply([ $t->nginx()->workers() ], \@workers, 'the same worker');

$t->done();
