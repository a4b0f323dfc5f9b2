# Stores by rating, page by page: GET /list.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = add_services(BB::Test->new(domains => 'store'))->run();

sub list($query = '', %o) { return $t->get("/stores/list$query", %o) }

sub page($total, @rows) {
    return '{"stores":[' . join(',', @rows) . qq(],"totalCnt":$total});
}

sub row($id, $rating, $address = qq("주소 $id"), $detail = qq("$id호"),
    $liked = 'false')
{
    return qq({"storeId":$id,"storeThumbnailImage":"https://a.kr/$id.png",)
        . qq("storeName":"꽃집 $id","detailInfo":"소개 $id",)
        . qq("averageRating":$rating,"isLiked":$liked,"address":$address,)
        . qq("detailAddress":$detail});
}

is_data(list(), page(0), $_) for 'no store', 'nor in the cache';

# 5 and 6 as well as 1, 3 and 9 have the same rating
add_stores($t, { id => 9, rating => 0 }, { id => 6, rating => 4.5 },
    { id => 5, rating => 4.5 }, { id => 3, rating => 0, address => undef },
    { id => 4, rating => 5, deleted => 1 }, { id => 2, rating => 4.33333 },
    { id => 1, rating => 0, price => undef, detail => '' });

my @rows = (row(5, 4.5), row(6, 4.5), row(2, 4.33333), row(1, 0, '"주소 1"', '""'),
    row(3, 0, 'null', 'null'), row(9, 0));

is_data(list(), page(6, @rows), 'by rating, then by id');
is_data(list('?page=0&size=4'), page(6, @rows[0 .. 3]),
    'what the front page asks for');
is_data(list('?page=0&size=4', headers => [ 'Content-Type' => 'application/json' ]),
    page(6, @rows[0 .. 3]), 'with the media type that clients send');
is_data(list('?page=0&size=4', user => ''), page(6, @rows[0 .. 3]),
    'an empty userId is nobody');

my %pages = (
    '?size=2' => [ 0, 1 ], '?page=1&size=2' => [ 2, 3 ], '?page=2&size=2' => [ 4, 5 ],
    '?page=3&size=2' => [], '?page=1&size=4' => [ 4, 5 ], '?page=1' => [],
    '?page=-1&size=2' => [ 0, 1 ], '?page=x&size=2' => [ 0, 1 ],
    '?page=&size=' => [ 0 .. 5 ], '?size=0' => [ 0 .. 5 ], '?size=-3' => [ 0 .. 5 ],
    '?size=x' => [ 0 .. 5 ], '?size=99999' => [ 0 .. 5 ],
    '?sort=storeName,asc' => [ 0 .. 5 ], '?page=9223372036854775807&size=2000' => [],
    '?page=' . '9' x 30 => [],
);

is_data(list($_), page(6, @rows[ $pages{$_}->@* ]), "list$_") for sort keys %pages;

is_data($t->get('/stores/list/?size=1'), page(6, $rows[0]), 'a trailing slash');
is_invalid(list('', user => 'x'), 'userId header is not a 64-bit integer',
    'userId is not a number');
is_invalid(list('', user => [ 1, 1 ]), 'more than one userId header', 'two of them');

is(join("\n", calls($t)), '', 'nobody has likes');


# what a caller likes

sub liked(@ids) {
    my %liked = map { $_ => 1 } @ids;

    return page(6, map { my ($id) = /"storeId":(\d+)/;
        $liked{$id} ? s/"isLiked":\Kfalse/true/r : $_ } @rows);
}

is_data(list('', user => 3), liked(3, 6, 9), 'of every other store');
is(join("\n", calls($t, '[5,6,2,1,3,9]')),
    'POST /client/likes/stores 3 [5,6,2,1,3,9]', 'asked for once, by their order');
is_data(list('', user => 1), liked(1 .. 9), 'of all stores, for another one');
is_data(list('', user => 7), liked(), 'of none');
is_data(list(), page(6, @rows), 'nobody sees none of it');
calls($t);

is_data(list('?page=7', user => 1), page(6), 'an empty page');
is(join("\n", calls($t)), '', 'nothing is asked for');

for my $answer ('{"data":null,"message":null,"errorCode":null,"result":"SUCCESS"}',
    '{"data":{"5":true},"message":"x","errorCode":"CE-01","result":"FAIL"}',
    '{"data":{"5":"true"},"message":null,"errorCode":null,"result":"SUCCESS"}',
    '{"data":[5],"message":null,"errorCode":null,"result":"SUCCESS"}',
    '<html></html>', '', '{"data":{"5":true')
{
    service_answers($t, 'likes', 200, $answer);
    is_data(list('', user => 1), liked(), "the wishlist answers '$answer'");
}

service_answers($t, 'likes', 500, '{"data":{"5":true},"result":"SUCCESS"}');
is_data(list('', user => 1), liked(), 'it fails');
service_answers($t, 'likes', 200,
    '{"data":{"9":true,"5":null,"77":true},"message":null,"errorCode":null,'
    . '"result":"SUCCESS"}');
is_data(list('', user => 1), liked(9), 'it leaves ids out');
service_answers($t, 'likes');
is_data(list('', user => 3), liked(3, 6, 9), 'and is well again');

# texts that look like the place of a like
$t->db()->do(q{UPDATE store SET store_name = '"isLiked":false',
    detail_info = 'isLiked', store_thumbnail_image = ',"isLiked":' WHERE id = 6});
store_changed($t);
is_data(list('', user => 3), liked(3, 6, 9)
    =~ s{"https://a.kr/6.png"}{",\\"isLiked\\":"}r
    =~ s{"꽃집 6"}{"\\"isLiked\\":false"}r =~ s{"소개 6"}{"isLiked"}r,
    'whatever the texts are');


# every store stands on one page

my %seen;

$t->db()->do(q{INSERT INTO store (id, store_manager_id, store_code, store_name,
        detail_info, store_thumbnail_image, phone_number, account_number, bank,
        average_rating)
    SELECT n, n, 'c' || n, '', '', '', '', '', '', n % 3
    FROM generate_series(1001, 3100) n});
store_changed($t);

for my $page (0 .. 30) {
    my $data = list("?page=$page&size=70")->json()->{data};

    $seen{ $_->{storeId} }++ for $data->{stores}->@*;
    is($data->{totalCnt}, 2106, "page $page: the total") if $page % 10 == 0;
}

is(scalar keys %seen, 2106, 'all stores');
is(scalar grep({ $_ != 1 } values %seen), 0, 'each once');
my $all = list('?size=5000', user => 2)->json()->{data}{stores};
is(join(',', map { $_->{isLiked} ? $_->{storeId} : () } @$all),
    join(',', map { $_->{storeId} % 2 ? () : $_->{storeId} } @$all),
    'the likes of 2000 stores');

my @ids = map { $_->{storeId} } @$all;

for my $query ('', '?page=0', '?size=', '?size=0', '?size=-1', '?size=x', '?size=1.5') {
    is(join(',', map { $_->{storeId} } list($query)->json()->{data}{stores}->@*),
        join(',', @ids[0 .. 19]), "20 stores on a page of list$query");
}

is(join(',', map { $_->{storeId} } list('?page=2')->json()->{data}{stores}->@*),
    join(',', @ids[40 .. 59]), 'the third page');
is(scalar list('?size=2001')->json()->{data}{stores}->@*, 2000, 'at most 2000');

$t->done();
