# A test's private machine room: Redis, PostgreSQL and nginx with the module, in
# a temporary folder and on free ports, gone when the test ends, however it ends.
#
#   my $t = BB::Test->new(coupons => [ { id => 7, limit => 2 } ])->plan(2)->run();
#
# Two checks are added to every test: the processes of nginx ended by themselves
# when told to quit, and no log holds a line that tells of a fault.
#
# From the environment: BB_NGINX and BB_MODULE, other binaries than the usual ones;
# BB_KEEP, to keep the folder; BB_TEST_CACHE, a folder to use instead of build/t.

package BB::Test;

use v5.36;
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use POSIX qw(mktime strftime tzset);
use Test::More import => [qw(diag done_testing is ok)];

use BB::Answer qw(verdict);
use BB::Client;
use BB::Fake;
use BB::Nginx;
use BB::Postgres;
use BB::Process qw(await);
use BB::Redis;

my $CHECKS = 2;
my $MANAGER = 100;       # the manager of store n is user 100 + n

my @live;                # tests that have something to stop


# coupons, stores: rows to begin with, see add_coupon and add_store
# upstream: 1 for a server that answers what it received, or its code
# zone: time zone of the service;  redis_conf, postgres_conf: servers' settings
# nginx: 0 to start none;  the rest: see BB::Nginx
sub new($class, %o) {
    my $self = bless { owner => $$, coupons => [], stores => [], nginx => 1,
        zone => _zone(), %o }, $class;

    $ENV{TZ} = $self->{zone};
    tzset();

    $SIG{PIPE} = 'IGNORE';

    for my $signal (qw(INT TERM HUP)) {
        $SIG{$signal} = sub { die "stopped by SIG$signal\n" };
    }

    $self->{dir} = tempdir('bb-store-t-XXXXXX', TMPDIR => 1);
    chmod(0755, $self->{dir});
    push @live, $self;

    return $self;
}


sub plan($self, $tests) {
    Test::More::plan(tests => $tests + $CHECKS);
    $self->{planned} = 1;
    return $self;
}


sub run($self) {
    my $dir = $self->{dir};

    $self->{postgres} = BB::Postgres->new(dir => "$dir/postgres",
        zone => $self->{zone}, conf => $self->{postgres_conf})->start();
    $self->{redis} = BB::Redis->new(dir => "$dir/redis",
        conf => $self->{redis_conf})->start();

    $self->add_store(%$_) for $self->{stores}->@*;
    $self->add_coupon(%$_) for $self->{coupons}->@*;

    if ($self->{upstream}) {
        $self->{fake} = BB::Fake->new(log => "$dir/upstream.log",
            ref $self->{upstream} ? (answer => $self->{upstream}) : ());
    }

    my %more = map { $_ => $self->{$_} } grep { exists $self->{$_} }
        qw(workers domains log redis_args postgres_args main http server location
           internal ops);
    my $start = $self->{nginx};

    $self->{nginx} = BB::Nginx->new(%more, dir => "$dir/nginx",
        redis => $self->{redis}, postgres => $self->{postgres},
        zone => $self->{zone}, upstream => $self->{fake} && $self->{fake}->port());
    $self->{nginx}->start() if $start;

    return $self;
}


# The end of a test without a plan.
sub done($self) {
    $self->_check();
    done_testing();
}


sub redis($self) { return $self->{redis} }

sub db($self) { return $self->{postgres} }

sub nginx($self) { return $self->{nginx} }

sub upstream($self) { return $self->{fake} }

sub dir($self) { return $self->{dir} }

sub zone($self) { return $self->{zone} }


# The date of the service zone, $days from today.
sub today($self, $days = 0) {
    my @now = localtime();

    return strftime('%Y-%m-%d',
        localtime(mktime(0, 0, 12, $now[3] + $days, $now[4], $now[5])));
}


# The instant at which a date of the service zone begins, in seconds.
sub midnight($self, $date) {
    my ($year, $month, $day) = split(/-/, $date);

    return mktime(0, 0, 0, $day, $month - 1, $year - 1900);
}


# id, manager, name, deleted
sub add_store($self, %o) {
    my %row = (manager => $MANAGER + $o{id}, name => "꽃집 $o{id}",
        deleted => 0, %o);

    $self->{store}{$o{id}} = 1;
    $self->db()->do(q{
        INSERT INTO store (id, store_manager_id, store_code, store_name,
            detail_info, store_thumbnail_image, phone_number, account_number,
            bank, is_deleted)
        VALUES (?, ?, ?, ?, '', '', '', '', '', ?)},
        $o{id}, $row{manager}, sprintf('%08x', $o{id}), $row{name}, $row{deleted});
}


# id, store, name, code, limit, discount, min, deleted
# start, end: a date, or days from today
# issued: users who hold it, each an id or { user, used, nickname, phone, at }
# The store is made unless it is there.
sub add_coupon($self, %o) {
    my %row = (store => 1, name => "쿠폰 $o{id}", limit => 100,
        code => sprintf('%08x', $o{id}), discount => 3000, min => 30000,
        start => -1, end => 7, deleted => 0, issued => [], %o);

    for my $date (@row{qw(start end)}) {
        $date = $self->today($date) if $date !~ /\A\d{4}-/;
    }

    $self->add_store(id => $row{store}) if not $self->{store}{$row{store}};

    $self->db()->do(q{
        INSERT INTO coupon (id, store_id, coupon_code, coupon_name,
            discount_price, min_price, limit_count, start_date, end_date,
            is_deleted)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)},
        @row{qw(id store code name discount min limit start end deleted)});

    # so that coupons which the module makes do not take these ids
    $self->db()->do(q{
        SELECT setval(pg_get_serial_sequence('coupon', 'id'), max(id))
        FROM coupon});

    for my $holder ($row{issued}->@*) {
        my %issued = (used => 0, nickname => '봄이', phone => '01012345678',
            ref $holder ? %$holder : (user => $holder));

        $self->db()->do(q{
            INSERT INTO issued_coupon (coupon_id, user_id, is_used, nickname,
                phone_number, created_at)
            VALUES (?, ?, ?, ?, ?, coalesce(?, now()))},
            $o{id}, @issued{qw(user used nickname phone at)});
    }
}


# The client of a listener, with one connection kept between requests.
sub client($self, $server = 'public') {
    return $self->{client}{$server} //= $self->new_client($server);
}


sub new_client($self, $server = 'public') {
    return BB::Client->new($self->nginx()->port($server));
}


# One request to the listener that serves the path; options: see
# BB::Client::request_bytes.
sub request($self, $method, $uri, %o) {
    my $server = delete $o{server}
        // ($uri =~ m{\A/client/} ? 'internal' : 'public');

    return $self->client($server)->request($method, $uri, %o);
}


sub get($self, $uri, %o) { return $self->request('GET', $uri, %o) }

sub post($self, $uri, %o) { return $self->request('POST', $uri, %o) }

sub put($self, $uri, %o) { return $self->request('PUT', $uri, %o) }

sub delete($self, $uri, %o) { return $self->request('DELETE', $uri, %o) }


# The arguments of a request that draws coupon $id for a user.
sub draw($self, $id, $user) {
    return ('POST', "/stores/coupons/$id", user => $user,
        body => '{"nickname":"봄이","phoneNumber":"01012345678"}');
}


# Draws coupon $id; returns the verdict in one word.
sub claim($self, $id, %o) {
    return verdict($self->request($self->draw($id, $o{user})));
}


# Sends a draw for each user on a connection of its own, and waits until Redis
# has granted all of them; returns the clients, whose answers are to come.
sub begin_draws($self, $id, $users) {
    my $before = $self->members($id);
    my @clients;

    for my $user (@$users) {
        push @clients, $self->new_client();
        $clients[-1]->write(BB::Client::request_bytes($self->draw($id, $user)));
    }

    await(10, sub { $self->members($id) == $before + @$users })
        or die "not all of " . @$users . " claims were granted\n";

    return @clients;
}


# Many requests over many connections of the public listener; see
# BB::Client::burst.
sub burst($self, %o) {
    return BB::Client::burst($self->nginx()->port('public'), connections => 64, %o);
}


# Draws for many users at once: how often each verdict was given.
sub draws($self, $id, $users, %o) {
    my %count;

    $count{verdict($_)}++ for $self->burst(%o,
        requests => [ map { [ $self->draw($id, $_) ] } @$users ]);

    return \%count;
}


# Who holds the coupon by the database, and by Redis.
sub holders($self, $id) {
    return $self->db()->column('SELECT user_id FROM issued_coupon
        WHERE coupon_id = ? ORDER BY user_id', $id);
}


# All that requests can write, as text.
sub dump($self) {
    return join("\n", map({ join('|', map { $_ // 'null' } @$_) }
            $self->db()->rows('SELECT * FROM coupon ORDER BY id'),
            $self->db()->rows('SELECT * FROM issued_coupon
                ORDER BY coupon_id, user_id'),
            $self->db()->rows('SELECT * FROM outbox ORDER BY id')),
        'claims: ' . $self->claims_left());
}


# The coupon's key in Redis, or that of one of its parts.
sub key($self, $id, $part = '') {
    my $partition = $id % 64;
    return "{bb:$partition}:coupon:$id$part";
}


# The members of the coupon's set, the sentinel left out.
sub members($self, $id) {
    my @members = sort { $a <=> $b } grep { /\A-?\d+\z/ }
        $self->redis()->cmd('SMEMBERS', $self->key($id, ':issued'))->@*;

    return @members;
}


# How many claims wait in the intent log, all partitions together.
sub claims_left($self) {
    my $left = 0;

    $left += $self->redis()->cmd('XLEN', "{bb:$_}:claims") for 0 .. 63;
    return $left;
}


# True once the intent log is empty.
sub settled($self, $seconds = 10) {
    return await($seconds, sub { $self->claims_left() == 0 });
}


# The zone of all tests, but not shortly before midnight there: dates of a test
# are relative to the day on which it began.
sub _zone() {
    for my $zone (qw(Asia/Seoul Asia/Kolkata)) {
        local $ENV{TZ} = $zone;
        tzset();
        my (undef, $min, $hour) = localtime();

        return $zone if $hour < 23 or $min < 45;
    }
}


sub _check($self) {
    return if $self->{checked}++;

    my $nginx = ref $self->{nginx} ? $self->{nginx} : undef;
    my $quit = $nginx ? $nginx->quit() : 1;
    my @faults = $nginx ? $nginx->faults() : ();

    ok($quit, 'nginx ended by itself');
    is(join("\n", @faults), '', 'no fault in the logs');

    diag($nginx->log_text()) if $nginx and not $quit;
}


sub _stop($self) {
    ref $_ and $_->quit() for $self->{nginx};
    $_ and $_->stop() for $self->@{qw(fake redis postgres)};

    if ($ENV{BB_KEEP}) {
        diag("kept $self->{dir}");
        return;
    }

    remove_tree($self->{dir});
}


END {
    my $status = $?;

    for my $self (grep { $_->{owner} == $$ } @live) {
        local $@;
        eval { $self->_check() if $self->{planned} };
        warn $@ if $@;
        eval { $self->_stop() };
        warn $@ if $@;
    }

    $? = $status;
}


1;
