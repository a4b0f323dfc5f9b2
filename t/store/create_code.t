# A store's code is drawn again until nobody has it.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Client;
use BB::Process qw(await);
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

# a generator that first gives what others have
$t->db()->do(q{CREATE SEQUENCE draw});
$t->db()->do(q{CREATE FUNCTION public.gen_random_uuid() RETURNS uuid VOLATILE
    LANGUAGE sql AS $$
        SELECT (lpad(to_hex(nextval('draw') / 4), 8, '0')
                || '-0000-4000-8000-000000000000')::uuid $$});
$t->db()->do('ALTER DATABASE store SET search_path = public, pg_catalog');
$t->nginx()->reconfigure();      # sessions with that path

sub create($user) {
    return $t->post('/stores/', user => $user, body => store_body());
}

my %codes;

for my $user (1 .. 8) {
    is_data(create($user), $user, "store $user");
}

is($t->db()->value('SELECT count(DISTINCT store_code) FROM store'), 8,
    'eight codes, although each was drawn several times');


# a code that somebody else takes in the same moment

my $other = $t->db()->connect();
my $next = $t->db()->value(q{SELECT lpad(to_hex((last_value + 1) / 4 + 1), 8, '0')
    FROM draw});

$t->db()->do(q{SELECT setval('draw', (('x' || ?)::bit(32)::bigint) * 4 - 1)}, $next);
$other->begin_work();
$other->do(q{INSERT INTO store (store_manager_id, store_code, store_name,
    detail_info, store_thumbnail_image, phone_number, account_number, bank)
    VALUES (1000, ?, '', '', '', '', '', '')}, undef, $next);

my $client = $t->new_client();

$client->write(BB::Client::request_bytes('POST', '/stores/', user => 9,
    body => store_body()));
ok(await(10, sub { $t->db()->value(q{SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'}) }), 'the request waits for the other');
$other->commit();

my $answer = $client->answer();

is($answer->json()->{result}, 'SUCCESS', 'and is not refused');
is($t->db()->value('SELECT store_code = ? FROM store WHERE store_manager_id = 9',
    $next), 0, 'with another code');

$t->done();
