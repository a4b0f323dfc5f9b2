# With the owner rule switched off, anybody answers and reads a seller's list.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

my $t = BB::Test->new(domains => 'question',
    location => 'bb_store_owner_check off;',
    stores => [ { id => 1 }, { id => 3, deleted => 1 } ])->run();

my $NOT_FOUND = '해당 문의를 찾을 수 없습니다.';

$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content, is_secret)
    SELECT n, 1, 7, '', '', '', '', '', true FROM generate_series(1, 2) n");

ok_void($t->post('/stores/questions/1/answers', body => '"네"'), 'nobody answers');
ok_void($t->post('/stores/questions/2/answers', body => '"네"', user => 9),
    'somebody else answers');
is_fail($t->post('/stores/questions/99/answers', body => '"네"'), $NOT_FOUND,
    'an unknown question');

$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
    product_name, title, content) VALUES (3, 3, 7, '', '', '', '', '')");
ok_void($t->post('/stores/questions/3/answers', body => '"네"', user => 9),
    'also what a deleted store was asked');

is($t->get('/stores/1/questions')->json()->{data}{totalCnt}, 2, 'nobody reads');
is_data($t->get('/stores/99/questions'), '{"data":[],"totalCnt":0}',
    'an unknown store has none');

# these rules are no part of the switch
is_fail($t->get('/stores/questions/1', user => 9), $NOT_FOUND,
    'a secret question stays one');
is($t->db()->value('SELECT count(*) FROM question WHERE is_read'), 0,
    'only the manager reads');
is($t->get('/stores/questions/1', user => 101)->json()->{data}{isReplied},
    JSON::PP::true, 'as always');
is($t->db()->value('SELECT count(*) FROM question WHERE is_read'), 1, 'which counts');

$t->done();
