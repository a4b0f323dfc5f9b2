# The tables of flower stock and of Idempotency-Keys: their columns, and what
# PostgreSQL itself keeps out of them.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Table;
use BB::Test;

my $t = BB::Test->new(nginx => 0, stores => [ { id => 1 } ])->run();
my $db = $t->db();

is_table($db, 'flower_cargo', q{
    store_id bigint not null
    flower_id bigint not null
    flower_name character varying(255)
    stock bigint not null default 0
    created_at timestamp with time zone not null default now()
    updated_at timestamp with time zone not null default now()
    is_deleted boolean not null default false
    PRIMARY KEY (store_id, flower_id)
    FOREIGN KEY (store_id) REFERENCES store(id)
    CHECK ((stock >= 0))
    trigger BEFORE UPDATE FOR EACH ROW EXECUTE FUNCTION set_updated_at()
});

is_table($db, 'idempotency', q{
    key character varying(255) not null
    request_hash bytea not null
    failure character varying(255)
    created_at timestamp with time zone not null default now()
    PRIMARY KEY (key)
    index (created_at)
});


# the last guard, whatever a statement of ours or a hand gets wrong

$db->do('INSERT INTO flower_cargo (store_id, flower_id) VALUES (1, 1)');
is($db->value('SELECT stock FROM flower_cargo'), 0, 'no stock unless told');
refuses($db, '23514', 'never a negative level',
    'UPDATE flower_cargo SET stock = stock - 1');
refuses($db, '23505', 'one row a flower',
    'INSERT INTO flower_cargo (store_id, flower_id) VALUES (1, 1)');
refuses($db, '23503', 'no row without a store',
    'INSERT INTO flower_cargo (store_id, flower_id) VALUES (2, 1)');

$t->done();
