# Of several hosts, one is used that takes writes.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Port;
use BB::Postgres;
use BB::Process qw(await);
use BB::Test;

my $t = BB::Test->new(nginx => 0, coupons => [ { id => 7 } ])->run();
my $nobody = BB::Port::take();
my $standby = BB::Postgres->new(dir => $t->dir() . '/standby',
    conf => { default_transaction_read_only => 'on' })->start();

my $ports = join(',', $nobody, $standby->port(), $t->db()->port());
my $more = 'user=postgres dbname=store target_session_attrs=read-write';

$t->nginx()->configure(conninfo => "host=127.0.0.1,127.0.0.1,127.0.0.1 port=$ports $more");
$t->nginx()->start();

is($t->claim(7, user => 1), ISSUED, 'the third is used');
is_deeply([ $t->holders(7) ], [ 1 ], 'its row');
is($standby->value('SELECT count(*) FROM issued_coupon'), 0, 'not on the second');

# all roads lead to the same reason
$t->db()->stop();
is_unavailable($t->get('/stores/coupons/my', user => 1), 'none is left');

my $reason = (ready($t))[1]{postgres};

like($reason, qr/127\.0\.0\.1:$_/, "the reason names $_") for split(/,/, $ports);
like($reason, qr/read-only/, 'and why');

$t->db()->start();
ok(await(10, sub { (ready($t))[0] == 200 }), 'it is back');

# as a failover does
$t->db()->stop();
$standby->stop();
$standby->{conf}{default_transaction_read_only} = 'off';
$standby->start();
$standby->do(q{INSERT INTO store (id, store_manager_id, store_code, store_name,
    detail_info, store_thumbnail_image, phone_number, account_number, bank)
    VALUES (1, 101, '00000001', 'a', '', '', '', '', '')});
$standby->do(q{INSERT INTO coupon (id, store_id, coupon_code, coupon_name,
    discount_price, min_price, limit_count, start_date, end_date)
    VALUES (9, 1, 'x', 'a', 1, 1, 10, current_date - 1, current_date + 1)});

ok(await(10, sub { (ready($t))[0] == 200 }), 'another takes writes');
is($t->claim(9, user => 2), ISSUED, 'and is used');
is($standby->value('SELECT count(*) FROM issued_coupon'), 1, 'its row');

$t->nginx()->quit();
$standby->stop();
$t->done();
