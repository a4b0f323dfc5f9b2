# All sido: GET /address/sido.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

my $ALL = '[{"code":"11","name":"서울"},{"code":"26","name":"부산"},'
    . '{"code":"27","name":"대구"},{"code":"28","name":"인천"},'
    . '{"code":"29","name":"광주"},{"code":"30","name":"대전"},'
    . '{"code":"31","name":"울산"},{"code":"36","name":"세종"},'
    . '{"code":"41","name":"경기도"},{"code":"42","name":"강원도"},'
    . '{"code":"43","name":"충청북도"},{"code":"44","name":"충청남도"},'
    . '{"code":"45","name":"전라북도"},{"code":"46","name":"전라남도"},'
    . '{"code":"47","name":"경상북도"},{"code":"48","name":"경상남도"},'
    . '{"code":"50","name":"제주특별자치도"}]';

is_same_for_all($t->get('/stores/address/sido'), $ALL, '17, by code');
is_same_for_all($t->get('/stores/address/sido/?x=1', user => 'x'), $ALL,
    'with what it does not read');

$t->db()->do(q(INSERT INTO sido VALUES ('05', '"새"')));
is_same_for_all($t->get('/stores/address/sido'),
    '[{"code":"05","name":"\"새\""},' . substr($ALL, 1), 'a new one is there at once');

$t->db()->do('DELETE FROM gugun');
$t->db()->do('DELETE FROM sido_alias');
$t->db()->do('DELETE FROM sido');
is_same_for_all($t->get('/stores/address/sido'), '[]', 'none');

$t->done();
