# A statement that succeeds and whose commit fails is no success.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(stores => [ { id => 1, manager => 101 } ],
    coupons => [ { id => 7 } ])->run();

$t->db()->do(q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'never' USING ERRCODE = TG_ARGV[0];
    END $$});

sub refuse($table, $state) {
    $t->db()->do("DROP TRIGGER IF EXISTS refuse ON $table");
    $t->db()->do("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON $table
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        EXECUTE FUNCTION refuse('$state')");
}

my @create = ('/stores/1/coupons', user => 101, body => { couponName => 'a',
    discountPrice => 1, minPrice => 1, limitCount => 1, startDate => $t->today(),
    endDate => $t->today() });

refuse('coupon', 'check_violation');
is($t->post(@create)->status(), 500, 'a fault of the statement');
refuse('coupon', 'serialization_failure');
is_unavailable($t->post(@create), 'a passing one');
is($t->db()->value('SELECT count(*) FROM coupon'), 1, 'no row');

refuse('issued_coupon', 'check_violation');
isnt($t->claim(7, user => 1), ISSUED, 'a draw');
is_deeply([ $t->holders(7) ], [], 'no row');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->members(7) ], [], 'no member');

$t->db()->do("DROP TRIGGER refuse ON $_") for qw(coupon issued_coupon);
ok_void($t->post(@create), 'created');
is($t->claim(7, user => 1), ISSUED, 'drawn');

$t->done();
