# The tables of questions, answers and messages: their columns, and what PostgreSQL
# itself keeps out of them.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Table;
use BB::Test;

my $t = BB::Test->new(nginx => 0, stores => [ { id => 1 } ])->run();
my $db = $t->db();

is_table($db, 'question', q{
    id bigint not null identity
    store_id bigint not null
    user_id bigint not null
    nickname character varying(255) not null
    product_id character varying(255) not null
    product_name character varying(255) not null
    title character varying(255) not null
    content character varying(255) not null
    is_read boolean not null default false
    is_secret boolean not null default false
    created_at timestamp with time zone not null default now()
    updated_at timestamp with time zone not null default now()
    is_deleted boolean not null default false
    PRIMARY KEY (id)
    FOREIGN KEY (store_id) REFERENCES store(id)
    index (store_id, created_at DESC, id DESC) WHERE (NOT is_deleted)
    index (product_id, created_at DESC, id DESC) WHERE (NOT is_deleted)
    index (user_id, created_at DESC, id DESC) WHERE (NOT is_deleted)
    trigger BEFORE UPDATE FOR EACH ROW EXECUTE FUNCTION set_updated_at()
});

is_table($db, 'answer', q{
    id bigint not null
    content character varying(2000) not null
    created_at timestamp with time zone not null default now()
    updated_at timestamp with time zone not null default now()
    is_deleted boolean not null default false
    PRIMARY KEY (id)
    FOREIGN KEY (id) REFERENCES question(id)
    trigger BEFORE UPDATE FOR EACH ROW EXECUTE FUNCTION set_updated_at()
});

is_table($db, 'outbox', q{
    id bigint not null identity
    channel character varying(255) not null
    type_id character varying(255)
    payload json not null
    created_at timestamp with time zone not null default now()
    next_try_at timestamp with time zone not null default now()
    attempts integer not null default 0
    sent_at timestamp with time zone
    phone_of bigint
    PRIMARY KEY (id)
    index (next_try_at, id) WHERE ((sent_at IS NULL) AND (phone_of IS NULL))
    index (next_try_at, id) WHERE ((sent_at IS NULL) AND (phone_of IS NOT NULL))
});

is_table($db, 'dead_letter', q{
    id bigint not null identity
    source character varying(255) not null
    payload text not null
    reason text not null
    created_at timestamp with time zone not null default now()
    PRIMARY KEY (id)
});


# rows of the older service come with their ids and times, and longer texts than a
# request may bring do not fit

my $row = "INSERT INTO question (id, store_id, user_id, nickname, product_id,
    product_name, title, content) VALUES (?, ?, 7, '', '', '', '', ?)";

$db->do($row, 31, 1, '꽃' x 255);
is(join(' ', map { $_->@* } $db->rows('SELECT id, is_read, is_secret, is_deleted,
    created_at = updated_at FROM question')), '31 0 0 0 1', 'neither read nor secret');
refuses($db, '22001', 'a question of more than 255 characters', $row, 32, 1, '꽃' x 256);
refuses($db, '23503', 'a question without a store', $row, 32, 2, '');
refuses($db, '23505', 'a second one with this id', $row, 31, 1, '');

$db->do('INSERT INTO answer (id, content) VALUES (31, ?)', '꽃' x 2000);
refuses($db, '23505', 'a second answer',
    'INSERT INTO answer (id, content) VALUES (31, ?)', '');
refuses($db, '23503', 'an answer without a question',
    'INSERT INTO answer (id, content) VALUES (32, ?)', '');
refuses($db, '22001', 'an answer of more than 2000 characters',
    'UPDATE answer SET content = ?', '꽃' x 2001);
$db->do("UPDATE answer SET content = '네', created_at = '2024-01-20',
    updated_at = '2024-01-20'");
is($db->value("SELECT updated_at > now() - interval '1 minute' FROM answer"), 1,
    'a changed answer says so');

$t->done();
