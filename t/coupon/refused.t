# What Redis grants and PostgreSQL refuses is sorted out row by row.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(coupons => [
    { id => 7, limit => 6 }, { id => 8 }, { id => 9 } ])->run();


# duplicates and too many, in one batch with others

is($t->claim($_, user => 100), ISSUED, "coupon $_ is loaded") for 7, 8, 9;

# Redis knows of neither of these
$t->db()->do('INSERT INTO issued_coupon (coupon_id, user_id, nickname)
    SELECT 7, n, \'먼저\' FROM generate_series(1, 3) n');
$t->redis()->cmd('HSET', $t->key(7), 'limit', 1000);

my $hold = $t->db()->hold_coupons(7, 8);
my @clients = ($t->begin_draws(8, [ 1 .. 5 ]), $t->begin_draws(7, [ 1 .. 10 ]),
    $t->begin_draws(8, [ 6 .. 10 ]));
$hold->rollback();

my @verdicts = map { verdict($_->answer()) } @clients;
my %count;

$count{$_}++ for @verdicts[ 5 .. 14 ];
is_deeply([ @verdicts[ 0 .. 4, 15 .. 19 ] ], [ (ISSUED) x 10 ],
    'the other coupon is issued');
is_deeply([ @verdicts[ 5 .. 7 ] ], [ (ALREADY_ISSUED) x 3 ],
    'who has a row has it already');
is_deeply(\%count, { ALREADY_ISSUED => 3, ISSUED => 2, SOLD_OUT => 5 },
    'two places were left');
ok($t->settled(), 'no claim is left over');

my @issued = grep { $verdicts[ 4 + $_ ] eq ISSUED } 4 .. 10;

is_deeply([ $t->holders(7) ], [ 1, 2, 3, @issued, 100 ], 'the right rows');
is_deeply([ $t->members(7) ], [ 1, 2, 3, @issued, 100 ], 'the right members');
is($t->db()->value("SELECT count(*) FROM issued_coupon WHERE nickname = '먼저'"), 3,
    'rows that were there stay as they were');
is($t->claim(7, user => 20), SOLD_OUT, 'nothing more');
is($t->claim(7, user => $issued[0]), ALREADY_ISSUED, 'who has one reads so');


# a row that fails when the transaction commits, after its statement succeeded

$t->db()->do(q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'never' USING ERRCODE = 'check_violation';
    END $$});
$t->db()->do('CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON issued_coupon
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.user_id = 13)
    EXECUTE FUNCTION refuse()');

$hold = $t->db()->hold_coupons(9);
@clients = $t->begin_draws(9, [ 10 .. 16 ]);
$hold->rollback();

@verdicts = map { verdict($_->answer()) } @clients;
my ($refused) = splice(@verdicts, 3, 1);

is_deeply(\@verdicts, [ (ISSUED) x 6 ], 'the others of the batch are issued');
isnt($refused, ISSUED, 'the refused one is not');
ok($t->settled(), 'no claim is left over');
is_deeply([ $t->holders(9) ], [ 10 .. 12, 14 .. 16, 100 ], 'no row');
is_deeply([ $t->members(9) ], [ 10 .. 12, 14 .. 16, 100 ], 'no member');
is($t->redis()->cmd('XLEN', '{bb:9}:claims:dead'), 1, 'a dead letter');

$t->db()->do('DROP TRIGGER refuse ON issued_coupon');
is($t->claim(9, user => 13), ISSUED, 'the place was not lost');

$t->done();
