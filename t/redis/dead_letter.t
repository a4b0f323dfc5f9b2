# What is to become a dead letter leaves the intent log together with it: while Redis
# has no memory for the one the other stays.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Process qw(await);
use BB::Test;

my ($LOG, $DEAD) = ('{bb:7}:claims', '{bb:7}:claims:dead');

my $t = BB::Test->new(http => 'bb_store_sweep 500ms; bb_store_audit off;',
    coupons => [ { id => 7, limit => 10 } ])->run();

is($t->claim(7, user => 1), ISSUED, 'loaded');
ok($t->settled(), 'settled');

$t->db()->do(q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'never' USING ERRCODE = 'check_violation';
    END $$});
$t->db()->do('CREATE TRIGGER refuse BEFORE INSERT ON issued_coupon FOR EACH ROW
    WHEN (NEW.user_id = 3) EXECUTE FUNCTION refuse()');
$t->nginx()->excuse(qr/OOM command not allowed/);

sub refused() { return counter(status($t), 'redis', 'errors') }

# the claim of user 3 is granted before the memory ends, and refused after that
my $hold = $t->db()->hold_coupons(7);
my @clients = $t->begin_draws(7, [ 2, 3 ]);

$t->redis()->cmd('XADD', $LOG, '*', coupon => 7, claims => 'x');
$t->redis()->cmd(qw(CONFIG SET maxmemory 1));

my $before = refused();

$hold->rollback();

my @verdicts = map { verdict($_->answer()) } @clients;

is($verdicts[0], ISSUED, 'the other is told of his coupon');
isnt($verdicts[1], ISSUED, 'the refused one is not');

# both, by the sweep, again and again
ok(await(10, sub { refused() >= $before + 4 }), 'there is no memory for the letters');
is($t->redis()->cmd('XLEN', $DEAD), 0, 'none is there');
is($t->redis()->cmd('XLEN', $LOG), 2, 'so both entries stay');
is_deeply([ $t->members(7) ], [ 1, 2, 3 ], 'and the place of the refused one');
is(status($t)->{coupon}{dead_letters}, 0, 'nothing counts');

$t->redis()->cmd(qw(CONFIG SET maxmemory 0));
ok(await(10, sub { $t->redis()->cmd('XLEN', $LOG) == 0 }), 'memory is back: they leave');

my @letters = map { my %field = $_->[1]->@*; \%field }
    $t->redis()->cmd('XRANGE', $DEAD, '-', '+')->@*;

is_deeply([ sort map { $_->{reason} } @letters ], [ 'never', 'not a log entry of claims' ],
    'for one letter each');
like((grep { $_->{reason} eq 'never' } @letters)[0]{claims}, qr/\A\[\[3,"/, 'with the claim');
is_deeply([ $t->members(7) ], [ 1, 2 ], 'and the place is free');
is_deeply([ $t->holders(7) ], [ 1, 2 ], 'as it is in PostgreSQL');
is(status($t)->{coupon}{dead_letters}, 2, 'now they count');

$t->done();
