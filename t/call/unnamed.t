# Services that the configuration does not name: the fallbacks and the 503, and no
# call to whatever else is at their paths.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Ops;
use BB::Services;
use BB::Store;
use BB::Test;

my $services = BB::Services->new({});
my $t = BB::Test->new(domains => 'store question',
    server => 'location /client/ { proxy_pass http://127.0.0.1:' . $services->port()
        . '; }')->run();

add_stores($t, { id => 5 });

like($t->get('/stores/5/user', user => 7)->body(),
    qr/"isLiked":false,"isSubscribed":false,"sub\w+":null\}/, 'S5');
like($t->get('/stores/5/user')->body(), qr/"sub\w+":null\}/, 'S5 for nobody');
like($t->get('/stores/list', user => 7)->body(), qr/"isLiked":false/, 'S4');
like($t->get('/stores/map/location?lat=37.5&lon=127&level=1', user => 7)->body(),
    qr/"isLiked":false/, 'S7');
like($t->get('/stores/map/region?sido=11&gugun=', user => 7)->body(),
    qr/"isLiked":false/, 'S8');
is_unavailable($t->post('/stores/', user => 9, body => store_body()), 'S1');

is($services->waiting(), 0, 'no call was made');
is(join(' ', map { "$_->{state} $_->{passed} $_->{refused}" }
    values status($t)->{breakers}->%*), join(' ', ('closed 0 0') x 4),
    'and no breaker asked');

$t->done();
