# One run of the fault runner: private servers, draws, the faults that the seed
# gives, and what is left afterwards.

package BB::Faults;

use v5.36;
use File::Copy qw(copy);
use File::Path qw(make_path);
use JSON::PP;
use Time::HiRes qw(sleep time);

use BB::Answer;
use BB::Faults::History;
use BB::Faults::Kinds;
use BB::Faults::Load;
use BB::Faults::Schedule;
use BB::Process qw(await);
use BB::Proxy;
use BB::Redis;
use BB::Test;

my $WORKERS = 2;
my $SESSIONS = 40;       # of PostgreSQL
my $TIMEOUT = 0.7;       # seconds, of a draw
my $STORE_TIMEOUTS = 'timeout=500ms connect_timeout=500ms';
my $SETTLED = 10;        # seconds after the last fault, until nothing is left over
my $PROGRESS = 10;       # seconds to wait for answers
my $NEWCOMER = 999_999;  # a user who draws when all is over

my %REDIS = ('enable-debug-command' => 'yes', 'repl-diskless-sync-delay' => 0,
    appendfsync => 'everysec');


# seed;  brief: 1 to hold faults for a shorter time;  dir: for what is left
sub new($class, %o) {
    return bless { %o, wrong => [], http => 'bb_store_sweep 500ms; bb_store_audit 1s;',
        schedule => BB::Faults::Schedule->new($o{seed}, brief => $o{brief}) },
        $class;
}


# Returns { seed, ack, stages => [ { fault, its numbers } ], wrong => [ text ] }.
sub run($self) {
    my $schedule = $self->{schedule};

    make_path($self->{dir});
    $self->{begin} = time();

    my $done = eval { $self->_start(); $self->_stages(); 1 };

    $self->wrong($@ =~ s/\s+\z//r) if not $done;
    $self->_stop();
    $self->_keep() if $self->{wrong}->@*;

    return { seed => $self->{seed}, ack => $schedule->{ack},
        seconds => time() - $self->{begin}, stages => $self->{results} // [],
        wrong => $self->{wrong} };
}


# For the faults.

sub nginx($self) { return $self->{t}->nginx() }

sub redis($self) { return $self->{t}->redis() }

sub db($self) { return $self->{t}->db() }

sub stage($self) { return $self->{stage} }

sub wrong($self, $text) { push $self->{wrong}->@*, $text }


# Waits for so many answers, of whatever kind.
sub progress($self, $answers) {
    my ($before) = $self->{load}->count();

    await($PROGRESS, sub { ($self->{load}->count())[0] >= $before + $answers });
}


sub new_redis($self) {
    my $redis = BB::Redis->new(dir => $self->{t}->dir() . '/redis2',
        conf => \%REDIS);

    push $self->{servers}->@*, $redis;
    return $redis;
}


# The service's address is that of the other Redis.
sub move_redis($self, $redis) {
    $self->{redis_proxy}->target($redis->port());
    $self->{replica} = $self->{t}{redis};
    $self->{t}{redis} = $redis;
}


# All sessions that PostgreSQL still has.
sub take_connections($self, $taken) {
    for (1 .. $SESSIONS) {
        push @$taken, eval { $self->db()->connect() } // last;
    }
}


sub _start($self) {
    my $schedule = $self->{schedule};
    my $t = $self->{t} = BB::Test->new(workers => $WORKERS, nginx => 0,
        redis_conf => \%REDIS, postgres_conf => { max_connections => $SESSIONS },
        redis_args => $STORE_TIMEOUTS, postgres_args => $STORE_TIMEOUTS,
        http => $self->{http},
        location => 'bb_store_coupon_timeout ' . $TIMEOUT * 1000 . 'ms; '
            . "bb_store_coupon_ack $schedule->{ack};",
        coupons => [ map { my $stage = $_;
            map { +{ %$_, store => $stage->{store} } } $stage->{coupons}->@* }
            $schedule->{stages}->@* ])->run();

    $self->{servers} = [ $t->redis() ];
    $self->{redis_proxy} = BB::Proxy->new(target => $t->redis()->port());
    $self->{postgres_proxy} = BB::Proxy->new(target => $t->db()->port());

    my ($redis, $postgres) = map { $self->{$_}->port() }
        qw(redis_proxy postgres_proxy);

    $t->nginx()->{redis_url} = "redis://127.0.0.1:$redis/0";
    $t->nginx()->{conninfo} =
        $t->db()->conninfo() =~ s/\bport=\d+/port=$postgres/r;
    $t->nginx()->start();

    $self->{load} = BB::Faults::Load->new(port => $t->nginx()->port('public'),
        seed => $self->{seed}, history => "$self->{dir}/history",
        begin => $self->{begin});
}


sub _stages($self) {
    my @looks = map { $self->_stage($_) } $self->{schedule}{stages}->@*;
    my $history = BB::Faults::History->read("$self->{dir}/history");

    for my $look (@looks) {
        my @faults = $look->{stage}{faults}->@*;
        my ($numbers, @wrong) = $history->stage(%$look,
            (map { %{ BB::Faults::Kinds::kind($_->{name}) } } @faults),
            deadline => $TIMEOUT, commit => $self->{schedule}{ack} eq 'commit');

        $self->wrong("$look->{fault}: $_") for @wrong;
        push $self->{results}->@*, { fault => $look->{fault}, %$numbers,
            empty => $look->{empty}, repaired => $self->_repaired($look->{stage}) };
    }

    $self->_last_look(map { $_->{id} } map { $_->{stage}{coupons}->@* } @looks);
    $self->nginx()->quit() or $self->wrong('nginx does not quit');

    # a reload begins to count anew, and old workers may still come to the point
    $self->nginx()->excuse(qr/worker process $_ exited on signal 9/)
        for $self->nginx()->log_text() =~ /(\d+)#\d+: .*worker ends at "/g;
    $self->wrong("log: $_") for $self->nginx()->faults();
}


# One stage: draws, faults, until the intent log is empty and everybody knows
# where he stands.
sub _stage($self, $stage) {
    my ($t, $load) = $self->@{qw(t load)};
    my @faults = map { { %$_, kind => BB::Faults::Kinds::kind($_->{name}) } }
        $stage->{faults}->@*;
    my ($leaving) = grep { defined } map { $_->{kind}{leaving} } @faults;
    my $name = join(' + ', map { $_->{name} } @faults);

    $self->{stage} = $stage;

    for my $fault (grep { $_->{kind}{prepare} } @faults) {
        $fault->{kind}{prepare}->($self, $fault);
    }

    $load->begin($stage, leaving => $leaving);
    $self->progress($stage->{after});
    $self->_break($stage, @faults);

    my $over = time();
    my ($served) = ($load->count())[1];

    await($PROGRESS, sub { ($load->count())[1] >= $served + $stage->{last} })
        or $self->wrong("$name: no service after the fault");

    $load->pause();
    my $paused = time() - $self->{begin};

    await($PROGRESS, sub { ($load->count())[2] == 0 })
        or $self->wrong("$name: answers that do not come");
    $t->settled($over + $SETTLED - time())
        or $self->wrong("$name: claims are left in the intent log");

    my $empty = time() - $over;

    $self->_agree($over + $SETTLED - time(), $name);
    $load->again($NEWCOMER, $over + $SETTLED - time());
    await($SETTLED + $PROGRESS, sub { ($load->count())[2] == 0 })
        or $self->wrong("$name: answers that do not come in the end");
    $load->pause();
    $t->settled() or $self->wrong("$name: claims are left in the end");
    $self->_agree($SETTLED, $name);

    return { stage => $stage, fault => $name, paused => $paused, empty => $empty,
        rows => { $self->_rows($stage) }, members => { $self->_members($stage) } };
}


# The faults, from the beginning of the first to the end of the last.
sub _break($self, $stage, @faults) {
    for my $fault (@faults) {
        $self->progress($stage->{second}) if $fault != $faults[0];

        $fault->{until} = time() + $fault->{held};
        $fault->{kind}{begin}->($self, $fault);
    }

    for my $fault (sort { $a->{until} <=> $b->{until} } @faults) {
        my $left = $fault->{until} - time();

        sleep($left) if $left > 0;
        $fault->{kind}{end}->($self, $fault) if $fault->{kind}{end};
    }
}


# The stage's coupons have the same holders in both stores, within so many seconds.
sub _agree($self, $seconds, $name) {
    my @ids = map { $_->{id} } $self->{stage}{coupons}->@*;

    await($seconds, sub { not grep { $self->_differs($_) } @ids })
        or $self->wrong("$name: the stores differ for too long");
}


# Whether Redis has the coupon as it must be when it is drawn.  Who is told "sold
# out" by what the workers know does not make Redis load it.
sub _loaded($self, $id) {
    my $redis = $self->redis();

    return ($redis->cmd('HGET', $self->{t}->key($id), 'run_id') // '')
        eq $redis->run_id();
}


# Who has the stage's coupons: { coupon => { user => 1 } }; of members only the
# coupons that Redis has loaded.
sub _rows($self, $stage) {
    return map { $_->{id} => { map { $_ => 1 } $self->{t}->holders($_->{id}) } }
        $stage->{coupons}->@*;
}


sub _members($self, $stage) {
    return map { $_->{id} => { map { $_ => 1 } $self->{t}->members($_->{id}) } }
        grep { $self->_loaded($_->{id}) } $stage->{coupons}->@*;
}


# How many members of the stage's coupons the audit has added and removed.
sub _repaired($self, $stage) {
    my $log = $self->nginx()->log_text();
    my $n = 0;

    for my $coupon ($stage->{coupons}->@*) {
        $n += $1 + $2 while $log =~
            /coupon $coupon->{id} repaired: (\d+) members added, (\d+) removed/g;
    }

    return $n;
}


# How the coupon's rows and members differ; '' if they do not, or if Redis has to
# load it first.
sub _differs($self, $id) {
    my $t = $self->{t};

    return '' if not $self->_loaded($id);

    my @rows = $t->holders($id);
    my @members = $t->members($id);

    return "@rows" eq "@members" ? ''
        : "coupon $id: " . @rows . ' rows, ' . @members . ' members';
}


# After all stages: a coupon that Redis has lost since its own stage is loaded again
# by its next draw.
sub _last_look($self, @ids) {
    my $t = $self->{t};
    my %verdict = map { $_ => $t->claim($_, user => $NEWCOMER) } @ids;

    $t->settled() or $self->wrong('claims are left in the end');

    for my $id (@ids) {
        my $holds = grep { $_ == $NEWCOMER } $t->holders($id);

        $self->wrong("coupon $id: a draw of user $NEWCOMER, in the end: "
            . "$verdict{$id}, with $holds rows")
            if $verdict{$id} ne ($holds ? ALREADY_ISSUED : SOLD_OUT)
                and not ($holds and $verdict{$id} eq ISSUED);

        if (my $differs = $self->_differs($id)) {
            $self->wrong("$differs in the end");
        }

        # the first one on a connection that a fault has cut is told to come again
        my $answer;

        await(5, sub {
            $answer = $t->new_client('ops')->request('GET',
                "/ops/coupons/$id/audit");
            $answer->status() != 503;
        });

        $self->wrong("audit of coupon $id: " . $answer->whole())
            if $answer->status() != 200 or not $answer->json()->{consistent};
    }
}


sub _stop($self) {
    my $t = $self->{t};

    $_ and $_->stop() for $self->@{qw(load redis_proxy postgres_proxy)};
    $t->nginx()->quit() if $t and ref $t->nginx();
    $_->stop('KILL') for ($self->{servers} // [])->@*;
}


# What is needed to understand a run that went wrong.
sub _keep($self) {
    my ($t, $dir) = $self->@{qw(t dir)};

    open(my $out, '>', "$dir/schedule.json") or die "$dir/schedule.json: $!\n";
    print $out JSON::PP->new->canonical->pretty->allow_unknown->encode(
        { $self->{schedule}->%* });
    close($out);

    copy("$t->{dir}/$_->[0]", "$dir/$_->[1]") for $t ? ([ 'nginx/error.log',
        'nginx.log' ], [ 'redis/log', 'redis.log' ], [ 'redis2/log', 'redis2.log' ],
        [ 'postgres/log', 'postgres.log' ]) : ();
}


1;
