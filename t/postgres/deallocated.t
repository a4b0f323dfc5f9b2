# A session that has lost its prepared statements gets them again, and no request
# notices.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Crowd;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7 }, { id => 8 } ], postgres_args => 'connections=1')->run();
my $crowd = BB::Crowd->new($t, 40);

# as a pooler between could
$t->db()->do(q{
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE 'DEALLOCATE ALL';
        RETURN NULL;
    END $$});
$t->db()->do("CREATE TRIGGER forget AFTER UPDATE ON issued_coupon FOR EACH ROW
    WHEN (NEW.is_used) EXECUTE FUNCTION forget()");
$t->db()->do("CREATE TRIGGER forget_issue AFTER INSERT ON issued_coupon FOR EACH ROW
    WHEN (NEW.user_id % 5 = 0) EXECUTE FUNCTION forget()");

ok(connected($t), 'connected');

my $before = status($t);

is_deeply([ map { verdict($_) } $crowd->ask(map { [ $t->draw(7, $_) ] } 1 .. 40) ],
    [ (ISSUED) x 40 ], 'draws');
is_deeply([ map { $t->claim(8, user => $_) } 1 .. 20 ], [ (ISSUED) x 20 ],
    'one after the other');

# on the connection of the others, statements behind it are under way
ok_void($t->post('/client/stores/coupons/7/users/1'), 'used, and all is forgotten');

my @answers = $crowd->ask(map { [ 'GET', '/stores/coupons/my', user => $_ ] } 2 .. 21);

is(scalar(grep { $_->json()->{data}{data}[0]{couponId} == 7 } @answers), 20, 'reads');
ok_void($t->post("/client/stores/coupons/7/users/$_"), 'another is used') for 2, 3;
is($t->get('/stores/1/coupons', user => 101)->status(), 200, 'another statement');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->members($_) ], [ $t->holders($_) ], 'rows and members') for 7, 8;

my $after = status($t);

is(counter($after, 'postgres', 'connects'), counter($before, 'postgres', 'connects'),
    'on the same connections');

$t->done();
