# With the owner rule switched off, S2, S3 and S6 need no userId.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store',
    location => 'bb_store_owner_check off;')->run();

add_stores($t, { id => 1 });

for my $user (undef, 9, 'x', [ 1, 2 ]) {
    my @user = defined $user ? (user => $user) : ();
    my $who = defined $user ? ref $user ? "users @$user" : "user $user" : 'nobody';

    is($t->get('/stores/1', @user)->json()->{data}{zipCode}, '06236',
        "the form for $who");
    is($t->get('/stores/1/manager', @user)->json()->{data}{phoneNumber}, '010-1',
        "the summary for $who");
    ok_void($t->put('/stores/1', @user, body => store_body(zipCode => '1')),
        "edited by $who");
    is($t->db()->value('SELECT zip_code FROM store_address'), '1', 'stored');
    $t->db()->do("UPDATE store_address SET zip_code = '06236'");
    $t->db()->do("UPDATE store SET phone_number = '010-1'");
}

is_fail($t->get('/stores/9'), '해당 가게가 존재하지 않습니다.', 'no such store');
is_fail($t->get('/stores/9/manager'), '해당 가게가 존재하지 않습니다.',
    'nor its summary');
is_fail($t->put('/stores/9', body => store_body()),
    '해당 가게의 주소가 존재하지 않습니다.', 'nor is it edited');

$t->done();
