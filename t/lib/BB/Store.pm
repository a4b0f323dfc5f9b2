# For the tests of the store domain: whole stores, and the other services that
# its endpoints call.

package BB::Store;

use v5.36;
use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use JSON::PP;
use Test::More import => [qw(is)];

use BB::Fake;

our @EXPORT = qw(add_services add_stores calls is_same_for_all service_answers
    store_body store_changed);

my $LOCATION = '/bb-services/';

my %PATH = (flowers => 'client/flowers', product => 'client/store',
    likes => 'client/likes/stores', subs => 'client/order-query/subs/lists',
    phone => 'client/users/[0-9]+/phone-number');


# Gives a test, before it runs, the services that the module calls, all on one port.
# Without other answers there are two flowers, every store has a subscription
# product, user n likes the stores whose ids n divides, and has subscribed to those
# above n; everybody's phone number is 01012345678.
sub add_services($t) {
    my $dir = $t->dir() . '/services';

    mkdir($dir) or die "$dir: $!\n";
    $t->{services} = BB::Fake->new(log => "$dir/log",
        answer => sub($request) { _service($dir, $request) });

    my $port = $t->{services}->port();

    $t->{http} .= "bb_store_breaker default window=100 calls=100 failures=100%;\n"
        . join('', map { "bb_store_service $_ $LOCATION;\n" }
            qw(product wishlist order-query user));
    $t->{server} .= "location $LOCATION { internal; "
        . "proxy_pass http://127.0.0.1:$port/; }\n";

    return $t;
}


# From now on flowers, product, likes, subs or phone answers like that; without a status
# as it did at first.
sub service_answers($t, $name, $status = undef, $body = '') {
    my $file = $t->dir() . "/services/$name";

    if (not defined $status) {
        unlink($file) or die "$file: $!\n";
        return;
    }

    open(my $out, '>', "$file.new") or die "$file.new: $!\n";
    print $out "$status\n$body";
    close($out) or die "$file.new: $!\n";
    rename("$file.new", $file) or die "$file: $!\n";
}


# The calls since the last time, sorted: "method uri userId body", in which the
# body is one of @bodies, or its hash.
sub calls($t, @bodies) {
    my %body = map { sha256_hex($_) => $_ } '', @bodies;
    my @requests = $t->{services}->requests();
    my @new = splice(@requests, $t->{called} // 0);

    $t->{called} += @new;

    return sort map {
        my %header = map { lc($_->[0]) => $_->[1] } $_->{headers}->@*;
        join(' ', $_->@{qw(method uri)}, $header{userid} // '-',
            $body{$_->{sha256}} // $_->{sha256});
    } @new;
}


sub _service($dir, $request) {
    my ($name) = grep { $request->{uri} =~ m{^/$PATH{$_}(?:\?|\z)} } keys %PATH
        or return [ 404, [], '' ];

    if (open(my $in, '<', "$dir/$name")) {
        local $/;
        my ($status, $body) = split(/\n/, <$in>, 2);
        return [ $status, [ 'Content-Type' => 'application/json' ], $body ];
    }

    my ($user) = map { $_->[1] } grep { lc($_->[0]) eq 'userid' }
        $request->{headers}->@*;
    my @ids = $request->{body} ? decode_json($request->{body})->@* : ();
    my $data = $name eq 'flowers'
        ? '[{"flowerId":2,"flowerName":"튤립"},{"flowerId":1,"flowerName":"장미"}]'
        : $name eq 'product' ? '{"subscriptionProductId":"656e89e3ae667e3844a02030"}'
        : $name eq 'phone' ? '"01012345678"'
        : '{' . join(',', map { qq("$_":) . (($name eq 'likes' ? $user && $_ % $user == 0
            : $_ > $user) ? 'true' : 'false') } @ids) . '}';

    return [ 200, [ 'Content-Type' => 'application/json' ],
        qq({"data":$data,"message":null,"errorCode":null,"result":"SUCCESS"}) ];
}


# Each row: id, manager, code, name, info, image, phone, account, bank, rating,
# revenue, created, deleted; price, free (price undef: no policy); address,
# detail, zip, sido, gugun, lat, lon (address undef: no address).
# The address of a store has the id of the next store, and its policy one that is no
# store's, so that they cannot be taken for each other unnoticed.
sub add_stores($t, @rows) {
    for my $o (@rows) {
        my $id = $o->{id};
        my %row = (manager => 100 + $id, code => sprintf('%08x', $id),
            name => "꽃집 $id", info => "소개 $id", image => "https://a.kr/$id.png",
            phone => "010-$id", account => "110-$id", bank => '국민은행',
            rating => 0, revenue => 0, created => '2024-01-20 12:00:00',
            deleted => 0, price => 3000, free => 50000, address => "주소 $id",
            detail => "$id호", zip => '06236', sido => '11', gugun => '11680',
            lat => 37.5, lon => 127, %$o);

        $t->db()->do(q{
            INSERT INTO store (id, store_manager_id, store_code, store_name,
                detail_info, store_thumbnail_image, phone_number,
                account_number, bank, average_rating, monthly_sales_revenue,
                created_at, updated_at, is_deleted)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '2024-01-20', ?)},
            @row{qw(id manager code name info image phone account bank rating
                revenue created deleted)});

        $t->db()->do(q{
            INSERT INTO delivery_policy (id, store_id, delivery_price,
                free_delivery_min_price, updated_at)
            VALUES (?, ?, ?, ?, '2024-01-20')}, -$id, @row{qw(id price free)})
            if defined $row{price};

        $t->db()->do(q{
            INSERT INTO store_address (id, store_id, sido_code, gugun_code,
                address, detail_address, zip_code, lat, lon, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '2024-01-20')}, $id + 1,
            @row{qw(id sido gugun address detail zip lat lon)})
            if defined $row{address};
    }

    store_changed($t);
}


# What a test changes in the database itself is to be seen at once.
sub store_changed($t) {
    return $t->redis()->script('store_changed',
        [ '{bb:stores}:version', '{bb:stores}:pages' ]);
}


# What S1 and S2 are sent, with changes.
sub store_body(%o) {
    return { storeName => '봄꽃집', detailInfo => '매일 새 꽃',
        storeThumbnailImage => 'https://a.kr/new.png',
        phoneNumber => '01012345678', accountNumber => '110-1',
        bank => '국민은행', deliveryPrice => 3000, freeDeliveryMinPrice => 50000,
        sido => '서울', gugun => '강남구', address => '서울 강남구 강남대로 1',
        detailAddress => '202호', zipCode => '06236', lat => 37.4923615,
        lon => 127.0292881, %o };
}


# Success of a GET that does not depend on the caller, and may be cached; data:
# its JSON as it stands in the answer.
sub is_same_for_all($answer, $data, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->whole(), join("\n", 200, 'Content-Type: application/json',
        '', qq({"data":$data,"message":null,"errorCode":null,"result":"SUCCESS"})),
        $name);
}


1;
