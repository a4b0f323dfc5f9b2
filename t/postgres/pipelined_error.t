# A statement that fails amid others on the same connection fails alone.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Crowd;
use BB::Ops;
use BB::Test;

my $t = BB::Test->new(stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7 } ], postgres_args => 'connections=1')->run();
my $crowd = BB::Crowd->new($t, 60);

$t->db()->do(q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'never';
    END $$});
$t->db()->do("CREATE TRIGGER refuse BEFORE INSERT ON coupon FOR EACH ROW
    WHEN (NEW.coupon_name LIKE 'bad%') EXECUTE FUNCTION refuse()");
$t->nginx()->excuse(qr/never/);

sub create($name) {
    return [ 'POST', '/stores/1/coupons', user => 101, body => { couponName => $name,
        discountPrice => 1, minPrice => 1, limitCount => 1, startDate => $t->today(),
        endDate => $t->today() } ];
}

ok(connected($t), 'connected');

# good, bad, a read, ...
my $before = status($t);
my @answers = $crowd->ask(map { (create("good $_"), create("bad $_"),
    [ 'GET', '/stores/1/coupons', user => 101 ]) } 1 .. 20);

is(scalar(grep { $answers[$_ * 3]->status() == 200 } 0 .. 19), 20, 'good ones');
is(scalar(grep { $answers[$_ * 3 + 1]->status() == 500 } 0 .. 19), 20, 'bad ones');
is(scalar(grep { $answers[$_ * 3 + 2]->status() == 200 } 0 .. 19), 20, 'reads');
is_deeply([ sort $t->db()->column(q{SELECT coupon_name FROM coupon WHERE id <> 7}) ],
    [ sort map { "good $_" } 1 .. 20 ], 'rows');

my $after = status($t);

is(counter($after, 'postgres', 'errors') - counter($before, 'postgres', 'errors'), 20,
    'counted');
is(counter($after, 'postgres', 'connects'), counter($before, 'postgres', 'connects'),
    'on the same connections');

$t->done();
