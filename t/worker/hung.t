# A store that hangs never hangs a client: while Redis, PostgreSQL or both are
# stopped, each of the 45 endpoints answers within its deadline, and is itself again
# when they go on.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);

use BB::Client;
use BB::Document;
use BB::Ops;
use BB::Process qw(await);

my $DEADLINE = 2;        # seconds: C6 asks PostgreSQL, then Redis, then PostgreSQL
my $MARGIN = 3;          # of a busy machine

my $t = furnished(redis_args => 'timeout=300ms connect_timeout=300ms',
    postgres_args => 'timeout=300ms lock_timeout=100ms connect_timeout=300ms',
    location => 'bb_store_coupon_timeout 700ms;');
my $document = BB::Document->read();
my @operations = $document->operations();
my %server = (Redis => $t->redis(), PostgreSQL => $t->db());

# what does without PostgreSQL, and what cannot do without Redis
my %without_postgres = (S4 => 1);        # a page that Redis has
my %needs_redis = map { $_ => 1 } qw(C2 C3 C5 C6);

sub id($case) { return $case->[2]{operationId} }

# All requests at once: { id => answer }, and how long the last one took.
sub ask_all() {
    my (%client, %answer);
    my $start = time();

    for my $case (@operations) {
        my ($method, $uri, %o) = $document->request($case);

        $client{id($case)} = $t->new_client($uri =~ m{\A/client/} ? 'internal'
            : 'public');
        $client{id($case)}->write(BB::Client::request_bytes($method, $uri, %o));
    }

    $answer{$_} = $client{$_}->answer(timeout => $DEADLINE + $MARGIN)
        for sort keys %client;

    return (\%answer, time() - $start);
}

is(scalar @operations, 45, 'all endpoints');

for my $down ([ 'Redis' ], [ 'PostgreSQL' ], [ 'Redis', 'PostgreSQL' ]) {
    my $name = join(' and ', @$down) . ' hung';

    $server{$_}->pause() for @$down;

    # the second time their connections are known to be bad
    for my $round (1, 2) {
        my ($answer, $took) = ask_all();
        my %status = map { $_ => $answer->{$_}->status() } keys %$answer;

        note(sprintf('%s, %d: %.2f s; 503: %s', $name, $round, $took,
            join(' ', grep { $status{$_} == 503 } sort keys %status)));
        is_deeply([ grep { $status{$_} == 0 } sort keys %status ], [],
            "$name: each is answered in time, $round");
        is_deeply([ grep { not $status{$_} =~ /\A(?:200|503)\z/ } sort keys %status ],
            [], "$name: served or told to come again, $round");
        is_deeply([ grep { $status{$_} == 503
                and not $answer->{$_}->header('Retry-After') } sort keys %status ], [],
            "$name: and when, $round");

        my @served = grep { $status{$_} == 200 } sort keys %status;

        if (grep { $_ eq 'PostgreSQL' } @$down) {
            is_deeply([ grep { not $without_postgres{$_} } @served ], [],
                "$name: nothing that needs it is served, $round");

        } else {
            is_deeply([ grep { $needs_redis{$_} } @served ], [],
                "$name: nothing that needs it is served, $round");
            cmp_ok(scalar @served, '>=', 45 - keys %needs_redis,
                "$name: all else is, $round");
        }
    }

    is($t->client('ops')->request('GET', '/livez')->status(), 200,
        "$name: the worker lives");
    $server{$_}->resume() for @$down;
    ok(await(10, sub { (ready($t))[0] == 200 }), "$name: it goes on");
    ok($t->settled(), "$name: what was granted is stored");

    my @bad = grep { $_->[0] eq 'get'
        and $t->request($document->request($_))->status() != 200 } @operations;

    is_deeply([ map { id($_) } @bad ], [], "$name: each is itself again");
}

$t->done();
