# A message whose phone number does not come becomes a dead letter after its last
# attempt, with the reason, and is never one that could be sent.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Phone;
use BB::Process qw(await scaled);
use BB::Services;
use BB::Test;

my $LAST = 12;

my $t = BB::Test->new(domains => 'question', stores => [ { id => 5 } ]);
my $services = BB::Services->new($t);

$t->run();

my @said = (
    [ 'status 500' => data('', status => 500) ],
    [ 'status 404' => data('', status => 404) ],
    [ 'answered FAIL' => data('{"data":null,"message":"x","errorCode":"CE-01",'
        . '"result":"FAIL"}') ],
    [ 'not its envelope' => data('<html>') ],
    [ 'not its envelope' => data(envelope('["1"]')) ],
    [ 'not its envelope' => data(envelope('"' . '꽃' x 256 . '"')) ],
    [ 'an answer that is too large' => data(envelope('"' . '1' x 1_100_000 . '"'),
        chunks => 100_000) ],
    [ 'an answer that is too large' => data(envelope('"' . '1' x 1_100_000 . '"')) ],
    [ 'no answer in ' . scaled(300) . ' ms' => undef ],
);

my @ids = wait_for_number($t, 1 .. @said);
my %payload = map { $_ => row($t, $_)->{payload} } @ids;

# a message that could be sent at any time would be one without phone_of
$t->db()->do("ALTER TABLE outbox ADD CHECK (phone_of IS NOT NULL
    OR payload->'whoToNotify'->>'phoneNumber' IS NOT NULL)");
$t->db()->do('UPDATE outbox SET attempts = ?', $LAST - 2);

for my $attempt ($LAST - 1, $LAST) {
    due($t, @ids);

    for my $call ($services->calls(scalar @said)) {
        my ($n) = $call->{uri} =~ m{/3214567(\d+)/};

        defined $said[$n - 1][1] ? $services->say($call, $said[$n - 1][1], end => 1)
            : ok($services->is_left($call), 'a call that takes too long ends');
    }

    ok(await(10, sub { $attempt == $LAST ? not grep { row($t, $_) } @ids
        : not grep { row($t, $_)->{attempts} != $attempt } @ids }), "attempt $attempt");
    is($t->db()->value('SELECT count(*) FROM dead_letter'), $attempt == $LAST ? @ids : 0,
        'dead letters');
}

my %letter = map { $_->[1] => $_ } $t->db()->rows('SELECT source, payload, reason
    FROM dead_letter');

for my $i (0 .. $#ids) {
    my ($reason) = $said[$i]->@*;

    is_deeply($letter{$payload{$ids[$i]}}, [ 'inquery-response-notification-queue',
        $payload{$ids[$i]}, "no phone number after $LAST attempts, the last one: $reason" ],
        $reason);
    ok($t->nginx()->logged(qr/\[error\] .*bb_store question: message $ids[$i] is kept as /
        . qr/a dead letter: no phone number after $LAST attempts/), 'is logged');
}

is(status($t)->{question}{dead_letters}, @ids, 'and counted');
unlike($t->nginx()->log_text(), qr{32145670\d\d[^/]}, 'no user in the log but in the calls');


# a number that PostgreSQL refuses for good; a dead letter that it refuses comes again

$t->db()->do("ALTER TABLE outbox ADD CHECK (payload->'whoToNotify'->>'phoneNumber'
    IS DISTINCT FROM '13')");
$t->db()->do("ALTER TABLE dead_letter ADD CONSTRAINT no CHECK (payload !~ '3214567099')");

my ($id) = wait_for_number($t, 99);

sub refused($attempts, $number) {
    $t->db()->do('UPDATE outbox SET attempts = ?', $attempts);
    due($t, $id);
    my ($call) = $services->calls(1);
    $services->say($call, data(envelope($number)), end => 1);
}

refused($LAST - 2, '"13"');
ok($t->nginx()->logged(qr/statement "question\/notify": /), 'refused');
is(message($t, $id), 'waits', 'it waits on');

refused($LAST - 1, '"13"');
ok($t->nginx()->logged(qr/statement "question\/phone_dead": /), 'refused as a dead letter');
is(message($t, $id) . row($t, $id)->{attempts}, "waits$LAST", 'it waits on');

$t->db()->do('ALTER TABLE dead_letter DROP CONSTRAINT no');
refused($LAST, '"13"');
ok(await(10, sub { not row($t, $id) }), 'then it is one');
is($t->db()->value("SELECT reason FROM dead_letter WHERE payload ~ '3214567099'"),
    'no phone number after 13 attempts, PostgreSQL refused it', 'with the reason');

is($services->waiting(), 0, 'nothing is asked for any more');

$t->done();
