# Calls in the background count for the breaker of the user service, and while it is
# open no attempt is used up.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Test;

my $t = BB::Test->new(domains => 'question', workers => 1, stores => [ { id => 5 } ]);
my $services = BB::Services->new($t, quick => '9s',
    breaker => 'bb_store_breaker default window=5 calls=5 open=2500ms trials=2;');

$t->run();

sub breaker() { return status($t)->{breakers}{getPhoneNumber} }

sub attempts(@ids) { return join('', map { row($t, $_)->{attempts} } @ids) }

my @ids = wait_for_number($t, 1 .. 8);
my @bad = (data('', status => 500), end => 1);

due($t, @ids[ 0 .. 4 ]);
$services->say($_, @bad) for $services->calls(5);
ok(await(10, sub { breaker()->{state} eq 'open' }), 'five failures open it');
is(breaker()->{failures}, 5, 'all of them count');

# for the next two seconds it looks twice at least
due($t, @ids);
my @calls = $services->calls(2);
is(breaker()->{state}, 'half_open', 'the next calls come when it is half open');
is(attempts(@ids), '11111000' =~ s/^11/22/r, 'two trials, no other attempt');
is(breaker()->{refused}, 0, 'and none was refused');

$services->say($_, data(envelope('"1"')), end => 1) for @calls;
@calls = $services->calls(6);
is(breaker()->{state}, 'closed', 'their success closes it');
$services->say($_, data(envelope('"1"')), end => 1) for @calls;
ok(await(10, sub { not grep { message($t, $_) eq 'waits' } @ids }), 'all numbers come');
is(status($t)->{question}{numbers_asked}, 13, 'and each call was one');


# It opens between the look and the calls: while the look of a new worker waits for a
# lock, the calls of the old one fail.

my @before = wait_for_number($t, 21 .. 25);

due($t, @before);
@calls = $services->calls(5);
my @old = $t->nginx()->reload();

$t->db()->do("UPDATE outbox SET next_try_at = now() + interval '1 day'");
@ids = wait_for_number($t, 11 .. 13);
my $hold = $t->db()->connect();
$hold->begin_work();
$hold->do('LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE');
ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'") }), 'a look waits');
$services->say($_, @bad) for @calls;
ok($t->nginx()->gone(@old), 'the old worker ends');
ok(await(10, sub { breaker()->{state} eq 'open' }), 'the breaker opens');
$hold->do('UPDATE outbox SET next_try_at = now() WHERE id = ANY (?)', undef, \@ids);
$hold->commit();

ok(await(10, sub { breaker()->{refused} == 3 }), 'their calls are refused');
ok(await(2, sub { attempts(@ids) eq '000' }), 'and were no attempts');
is($services->waiting(), 0, 'no call was made');

# they are due at once when it lets calls through
$services->say($_, data(envelope('"1"')), end => 1) for $services->calls(2);
$services->say($_, data(envelope('"1"')), end => 1) for $services->calls(1);
ok(await(10, sub { not grep { message($t, $_) eq 'waits' } @ids }), 'the numbers come');

$t->done();
