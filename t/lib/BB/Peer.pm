# A server that the benchmark compares with, and what is expected of it.

package BB::Peer;

use v5.36;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Socket::INET;
use Test::More;

use BB::Answer;
use BB::Client;
use BB::Port;
use BB::Process qw(await children is_alive);
use BB::Response;
use BB::Test;

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');


# name: folder below bench/peers;  test: a BB::Test that runs;  ack, workers
sub start($class, %o) {
    my $t = $o{test};
    my $port = BB::Port::take();
    my $dir = $t->dir() . "/$o{name}-$port";

    make_path($dir);

    local %ENV = (%ENV, TZ => $t->zone(), BB_PEER_DIR => $dir, BB_PORT => $port,
        BB_REDIS => '127.0.0.1:' . $t->redis()->port(),
        BB_PGHOST => '127.0.0.1', BB_PGPORT => $t->db()->port(),
        BB_PGUSER => 'postgres', BB_PGDATABASE => 'store',
        BB_WORKERS => $o{workers}, BB_ACK => $o{ack});

    my $self = bless { port => $port, dir => $dir, test => $t }, $class;

    $self->{process} = BB::Process->start(death => 'TERM',
        argv => [ "$ROOT/bench/peers/$o{name}/start" ], output => "$dir/output");
    $self->{process}->ready(30, sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
    });
    $self->{client} = BB::Client->new($port);

    return $self;
}


sub request($self, @request) {
    return _plain($self->{client}->request(@request));
}


sub claim($self, $id, $user) {
    return verdict($self->request($self->{test}->draw($id, $user)));
}


# How often each verdict was given to draws of these users, at the same time.
sub draws($self, $id, @users) {
    my %count;

    $count{verdict(_plain($_))}++ for BB::Client::burst($self->{port},
        connections => 64,
        requests => [ map { [ $self->{test}->draw($id, $_) ] } @users ]);

    return \%count;
}


# True if it ended by TERM, with all of its processes.
sub stop($self) {
    my @pids = children($self->{process}->pid());
    my $willing = $self->{process}->stop('TERM', 10);

    return $willing && await(5, sub { not grep { is_alive($_) } @pids });
}


# Header names as the module writes them: their case tells nothing.
sub _plain($answer) {
    $_->[0] = join('-', map { ucfirst(lc) } split(/-/, $_->[0]))
        for $answer->{headers}->@*;

    return $answer;
}


# Makes a coupon known to Redis, as the module would have.
sub load_coupon($t, $id) {
    my ($row) = $t->db()->rows('SELECT limit_count, start_date, end_date,
        is_deleted::int, version FROM coupon WHERE id = ?', $id);

    $t->redis()->script('coupon_put', [ $t->key($id), $t->key($id, ':issued') ],
        @$row, $t->midnight($t->today(30)), $t->redis()->run_id(), 'load');
}


# The whole test of a peer.
sub check($name) {
    my $t = BB::Test->new(nginx => 0, coupons => [
        { id => 7, limit => 2 },
        { id => 8, limit => 10 },
        { id => 9, start => -3, end => -1 },
        { id => 10, start => 1, end => 2 },
        { id => 11, deleted => 1 },
        { id => 12 },
        { id => 13, limit => 1_000_000, store => 2 },
    ])->run();

    load_coupon($t, $_) for 7 .. 11, 13;

    $t->db()->do('INSERT INTO flower_cargo (store_id, flower_id, stock)
        VALUES (1, 1, 5)');

    my $peer = BB::Peer->start(name => $name, test => $t, workers => 2,
        ack => 'commit');

    # one by one

    is($peer->claim(7, 1), ISSUED, 'drawn');
    is($peer->claim(7, 1), ALREADY_ISSUED, 'once only');
    is($peer->claim(7, '+01'), ALREADY_ISSUED, 'however the user is written');
    is($peer->claim(7, 2), ISSUED, 'the last one');
    is($peer->claim(7, 3), SOLD_OUT, 'no third');
    is($peer->claim(7, 2), ALREADY_ISSUED, 'who has it reads so also then');
    is($peer->claim(9, 1), EXPIRED, 'expired');
    is($peer->claim(10, 1), NOT_STARTED, 'not started');
    is($peer->claim(11, 1), DELETED, 'deleted');
    is($peer->claim(99, 1), UNKNOWN, 'no such coupon');
    is($peer->claim(12, 1), UNAVAILABLE, 'not loaded');

    is_deeply([ $t->db()->rows("SELECT coupon_id, user_id, nickname,
            phone_number, to_timestamp((claim >> 20) / 1000.0)
                BETWEEN now() - interval '1 minute' AND now()
            FROM issued_coupon ORDER BY user_id") ],
        [ map { [ 7, $_, '봄이', '01012345678', 1 ] } 1, 2 ], 'two rows');
    is($t->db()->value('SELECT issued_count FROM coupon WHERE id = 7'), 2,
        'and the count');
    is($t->claims_left(), 2, 'the intent log has both');

    # a place that Redis gives to who has a row
    $t->db()->do('INSERT INTO issued_coupon (coupon_id, user_id) VALUES (13, 1)');
    is($peer->claim(13, 1), ALREADY_ISSUED, 'the row is the last guard');
    $t->db()->do('DELETE FROM issued_coupon WHERE coupon_id = 13');

    # inputs

    my @user = (user => 5);
    my $uri = '/stores/coupons/13';
    my $body = '{"nickname":"a","phoneNumber":"1"}';

    is_invalid($peer->request('POST', $uri, body => $body),
        'userId header is required', 'nobody');
    is_invalid($peer->request('POST', $uri, user => $_, body => $body),
        'userId header is not a 64-bit integer', "user $_")
        for 'x', '9223372036854775808', '1.5';
    is_invalid($peer->request('POST', '/stores/coupons/x', @user,
        body => $body), 'couponId is not a 64-bit integer', 'coupon x');
    is_invalid($peer->request('POST', $uri, @user), undef, 'no body');
    is_invalid($peer->request('POST', $uri, @user, body => $_), undef,
        "body $_") for '{', '', 'null', '[]', '7', "$body x";
    is_invalid($peer->request('POST', $uri, @user, body => $_->[0]), $_->[1],
        "body $_->[0]") for
        [ '{"nickname":"a"}', 'phoneNumber cannot be null' ],
        [ '{"nickname":null,"phoneNumber":"1"}', 'nickname cannot be null' ],
        [ '{"nickname":{},"phoneNumber":"1"}', 'nickname is not a text' ],
        [ '{"nickname":"\u0000","phoneNumber":"1"}', 'nickname is not a text' ];
    is_invalid($peer->request('POST', $uri, @user, body => '{"nickname":"'
        . '꽃' x 256 . '","phoneNumber":"1"}'), 'nickname is too long',
        '256 characters');

    for my $text ('', '꽃' x 255, "\xf0\x9f\x8c\xb8/\\\"") {
        my $json = $text =~ s/([\\"])/\\$1/gr;

        ok_void($peer->request('POST', $uri, user => 6 + length($text),
            body => qq({"nickname":"$json","phoneNumber":"1"})), 'drawn');
        is($t->db()->value('SELECT nickname FROM issued_coupon
            WHERE coupon_id = 13 AND user_id = ?', 6 + length($text)), $text,
            'its text is stored');
    }

    is($t->db()->value('SELECT count(*) FROM issued_coupon'), 5,
        'what is invalid wrote nothing');

    # what the intent log keeps is what the module's sweep reads

    my ($coupon, $claims) = $t->redis()->cmd('XREVRANGE', '{bb:13}:claims', '+',
        '-', 'COUNT', 1)->[0][1]->@[1, 3];
    my ($user, $claim) = map { @$_ } $t->db()->rows('SELECT user_id, claim
        FROM issued_coupon WHERE coupon_id = 13 ORDER BY claim DESC LIMIT 1');

    is($coupon, 13, 'the log entry has the coupon');
    like($claims, qr{\A\[\[$user,"\xf0\x9f\x8c\xb8\\?/\\\\\\"","1",$claim\]\]\z},
        'and user, texts and claim');

    # reads and stock

    is_data($peer->request('GET', '/stores/coupons/my', user => 1),
        '{"data":[{"couponId":7,"couponName":"쿠폰 7","storeName":"꽃집 1",'
        . '"discountPrice":3000,"endDate":"' . $t->today(7)
        . '","minPrice":30000}]}', 'my coupons');
    is_data($peer->request('GET', '/stores/coupons/my', user => 999),
        '{"data":[]}', 'nobody\'s coupons');
    is_invalid($peer->request('GET', '/stores/coupons/my'),
        'userId header is required', 'whose coupons');
    is_data($peer->request('GET', '/stores/list?page=1&size=1'),
        '{"stores":[{"storeId":2,"storeThumbnailImage":"","storeName":"꽃집 2",'
        . '"detailInfo":"","averageRating":0,"isLiked":false,"address":null,'
        . '"detailAddress":null}],"totalCnt":2}', 'a page of stores');

    my $stock = sub($flower, $n) {
        return $peer->request('PUT', '/client/stores/flowers/stocks/subtract',
            body => qq([{"storeId":1,"stockDtos":[{"flowerId":$flower,)
                . qq("stock":$n}],"phoneNumber":"1","userId":3214567890}]));
    };

    is_data($stock->(1, 3), 'null', 'stock subtracted');
    is_fail($stock->(1, 3), '재고는 음수가 될 수 없습니다.', 'not below zero');
    is_fail($stock->(2, 1), '해당 가게는 해당 꽃 재고를 등록하지 않았습니다',
        'no such stock');
    is_invalid($stock->(1, 'null'), undef, 'a null amount');
    is($t->db()->value('SELECT stock FROM flower_cargo'), 2, 'what is left');

    # many at once

    is_deeply($peer->draws(8, 1 .. 50), { ISSUED => 10, SOLD_OUT => 40 },
        '50 at once');
    is(scalar($t->holders(8)), 10, 'ten rows');
    is_deeply([ $t->members(8) ], [ $t->holders(8) ], 'ten members');
    is_deeply($peer->draws(8, $t->holders(8)), { ALREADY_ISSUED => 10 },
        'all of theirs');
    is($t->db()->value('SELECT count(DISTINCT claim) FROM issued_coupon
        WHERE coupon_id = 8'), 10, 'no claim id twice');

    # stores that fail

    $t->db()->stop('immediate');
    is($peer->claim(13, 2000), UNAVAILABLE, 'without PostgreSQL');
    $t->db()->start();

    # each try with another user: the one before may have got a place
    my $holder = 2000;

    ok(await(10, sub { $peer->claim(13, ++$holder) eq ISSUED }),
        'with PostgreSQL again');

    $t->redis()->drop_clients();
    ok(await(10, sub { $peer->claim(13, $holder) eq ALREADY_ISSUED }),
        'the connections to Redis were closed');

    $t->redis()->cmd('SCRIPT', 'FLUSH');
    is($peer->claim(13, 1_000_002), ISSUED, 'the script was lost');

    # the set and its hash survive, and are not those of this process
    $t->redis()->restart();
    ok(await(10, sub {
        $peer->claim(13, 1_000_003) eq UNAVAILABLE
            and $t->redis()->cmd('INFO', 'commandstats') =~ /cmdstat_eval/;
    }), 'another Redis process was asked');
    is_deeply([ grep { $_ == 1_000_003 } $t->members(13) ], [],
        'and gave nothing, as nothing is loaded');
    load_again($t, 13);
    is($peer->claim(13, 1_000_003), ISSUED, 'until it is loaded');

    $t->redis()->stop();
    is($peer->claim(13, 1_000_004), UNAVAILABLE, 'without Redis');
    ok($peer->stop(), 'it ended with all of its processes');

    # acknowledged at the claim

    $t->redis()->start();
    load_again($t, 13);
    $peer = BB::Peer->start(name => $name, test => $t, workers => 1,
        ack => 'claim');

    my $rows = $t->holders(13);

    is($peer->claim(13, 1_000_005), ISSUED, 'drawn, acknowledged at the claim');
    is($peer->claim(13, 1_000_005), ALREADY_ISSUED, 'once only');
    is(scalar($t->holders(13)), $rows, 'without a row');
    ok($peer->stop(), 'it ended with all of its processes, a worker');

    $t->done();
}


# What the module's loading comes to, for a coupon whose keys are there.
sub load_again($t, $id) {
    $t->redis()->cmd('HSET', $t->key($id), 'run_id', $t->redis()->run_id());
}


1;
