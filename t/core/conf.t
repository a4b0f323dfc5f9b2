# nginx -t finds mistakes of the configuration, and says where and what they are.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Test;

my $t = BB::Test->new(nginx => 0)->run();
my $dir = $t->dir();

# what differs, and what the message names
my @mistakes = (
    # domains
    [ { domains => 'flower' }, qr/"flower"/ ],
    [ { domains => 'coupon flower' }, qr/"flower"/ ],
    [ { domains => '' }, qr/number of arguments in "bb_store"/ ],
    [ { domains => 'coupon coupon' }, qr/"coupon"/ ],
    [ { location => 'bb_store coupon;' }, qr/"bb_store" directive is duplicate/ ],
    [ { internal => 'bb_store_internal coupon;' },
        qr/"bb_store_internal" directive is duplicate/ ],
    [ { http => 'bb_store coupon;' }, qr/"bb_store" directive is not allowed here/ ],
    [ { location => 'bb_store_internal coupon;' }, qr/"bb_store_internal"/ ],
    [ { location => 'bb_store_ops;' }, qr/"bb_store_ops"/ ],
    [ { location => 'bb_store_nothing on;' }, qr/unknown directive "bb_store_nothing"/ ],

    # the zone
    [ { without => 'bb_store_zone', http => 'bb_store_zone bb:x;' }, qr/"(?:bb:)?x"/ ],
    [ { without => 'bb_store_zone', http => 'bb_store_zone bb;' }, qr/"bb"/ ],
    [ { without => 'bb_store_zone', http => 'bb_store_zone bb:1k;' },
        qr/"bb:1k".* 1m/ ],
    [ { http => 'bb_store_zone other:8m;' }, qr/duplicate/ ],

    # Redis
    [ { without => 'bb_store_redis' }, qr/"?bb_store_redis"?/ ],
    [ { http => 'bb_store_redis redis://127.0.0.1:1/0;' }, qr/duplicate/ ],
    map({ [ { without => 'bb_store_redis', http => "bb_store_redis $_->[0];" },
        $_->[1] ] }
        [ 'http://127.0.0.1:1/0', qr/http/ ],
        [ 'rediss://127.0.0.1:1/0', qr/TLS/ ],
        [ '127.0.0.1:1', qr/"127\.0\.0\.1.*redis:/ ],
        [ 'redis://127.0.0.1:0/0', qr/port/ ],
        [ 'redis://127.0.0.1:65536/0', qr/port/ ],
        [ 'redis://127.0.0.1:x/0', qr/port/ ],
        [ 'redis://127.0.0.1:1/x', qr/database/ ],
        [ 'redis://no..such..host:1/0', qr/no\.\.such\.\.host/ ],
        [ 'redis://u:p@127.0.0.1:1/0 password_env=PATH', qr/password/ ]),
    map({ [ { redis_args => $_->[0] }, $_->[1] ] }
        [ 'timeout=0', qr/timeout=0/ ], [ 'timeout=x', qr/timeout=x/ ],
        [ 'timeout=-1s', qr/timeout=-1s/ ], [ 'connect_timeout=1y2', qr/1y2/ ],
        [ 'queue=0', qr/queue=0/ ], [ 'queue=many', qr/queue=many/ ],
        [ 'tiemout=1s', qr/tiemout/ ], [ 'x', qr/"x"/ ],
        [ 'password_env=BB_NO_SUCH_VARIABLE', qr/BB_NO_SUCH_VARIABLE/ ],
        [ "password_file=$dir/nothing", qr{\Q$dir\E/nothing} ]),

    # PostgreSQL
    [ { without => 'bb_store_postgres' }, qr/"?bb_store_postgres"?/ ],
    [ { http => 'bb_store_postgres host=127.0.0.1;' }, qr/duplicate/ ],
    map({ [ { without => 'bb_store_postgres', http => "bb_store_postgres $_->[0];" },
        $_->[1] ] }
        [ 'nonsense', qr/nonsense/ ], [ '"hots=127.0.0.1"', qr/hots/ ],
        [ '"host=127.0.0.1 port=x"', qr/port/ ],
        [ '"host=no..such..host"', qr/no\.\.such\.\.host/ ],
        [ '"host=127.0.0.1,127.0.0.2 port=1,2,3"', qr/port/ ]),
    map({ [ { postgres_args => $_->[0] }, $_->[1] ] }
        [ 'connections=0', qr/connections=0/ ], [ 'connections=x', qr/connections=x/ ],
        [ 'timeout=0', qr/timeout=0/ ], [ 'timeout=x', qr/timeout=x/ ],
        [ 'lock_timeout=0', qr/lock_timeout=0/ ],
        [ 'queue=0', qr/queue=0/ ], [ 'conections=2', qr/conections/ ],
        [ 'password_env=BB_NO_SUCH_VARIABLE', qr/BB_NO_SUCH_VARIABLE/ ],
        [ "password_file=$dir/nothing", qr{\Q$dir\E/nothing} ]),

    # the rest
    [ { http => "bb_store_scripts $dir/nothing;" }, qr{\Q$dir\E/nothing} ],
    map({ [ { http => "$_;" }, qr/invalid value|invalid/ ] }
        'bb_store_sweep x', 'bb_store_owner_check maybe', 'bb_store_coupon_ack maybe',
        'bb_store_coupon_committer maybe',
        'bb_store_coupon_timeout soon', 'bb_store_max_body much'),
    map({ [ { http => "$_;" }, qr/must be|number/ ] } 'bb_store_coupon_batch 0',
        'bb_store_coupon_batch x', 'bb_store_coupon_queue 0',
        'bb_store_coupon_queue x'),
    [ { location => 'bb_store_mount stores;' }, qr/"stores"/ ],
    [ { location => 'bb_store_mount /x; bb_store_mount /x;' }, qr/duplicate/ ],
    map({ [ { http => "$_->[0] $_->[1]; $_->[0] $_->[1];" },
        qr/"$_->[0]" directive is duplicate/ ] }
        [ bb_store_sweep => '1s' ], [ bb_store_owner_check => 'on' ],
        [ bb_store_coupon_ack => 'claim' ], [ bb_store_coupon_timeout => '1s' ],
        [ bb_store_max_body => '1k' ], [ bb_store_user => '$http_x' ],
        [ bb_store_coupon_batch => 9 ], [ bb_store_coupon_queue => 9 ],
        [ bb_store_coupon_committer => 'host' ],
        [ bb_store_scripts => $dir ]),
);

is($t->nginx()->check(), '', 'nothing is wrong');
is($t->nginx()->check(redis_args => 'timeout=50ms connect_timeout=2s queue=10',
    postgres_args => 'connections=3 timeout=1s connect_timeout=500ms queue=9',
    http => 'bb_store_sweep 5s; bb_store_owner_check off; bb_store_coupon_ack claim;
        bb_store_coupon_timeout 1500ms; bb_store_max_body 64k;
        bb_store_user $http_x_user; bb_store_coupon_batch 10;
        bb_store_coupon_queue 100; bb_store_coupon_committer worker;', location => 'bb_store_mount /stores/;'),
    '', 'nor here');

for my $mistake (@mistakes) {
    my ($change, $pattern) = @$mistake;
    my $name = join(', ', map { "$_: $change->{$_}" } sort keys %$change) =~ s/\s+/ /gr;
    my $said = $t->nginx()->check(%$change);

    like($said, qr/\[emerg\].*$pattern/, $name);
    like($said, qr/ in \Q$dir\E\/\S+\.conf:\d+/, "$name: where");
}

# nginx itself does not know where
like($t->nginx()->check(http => 'bb_store_user $no_such_variable;'),
    qr/\[emerg\].*"no_such_variable"/, 'a variable that is not there');

$t->done();
