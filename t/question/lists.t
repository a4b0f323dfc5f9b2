# The four lists of questions: GET /{storeId}/questions,
# /questions/product/{productId}, the same with /my, and /questions/my-page.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Test;

# rows are sorted, so that no order of an index hides one that a statement lacks
my $t = BB::Test->new(domains => 'question',
    postgres_conf => { enable_indexscan => 'off', enable_indexonlyscan => 'off' },
    stores => [ { id => 1 }, { id => 2 }, { id => 3, deleted => 1 },
        { id => 4 } ])->run();

my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';

# In the first second of a day of the service zone, which is not one of PostgreSQL's.
# 5 and 6 are of the same instant; 7 is deleted; 8 is of another product, 9 of
# another store, 10 of another user; 2, 4, 6 and 7 are answered
$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content, is_read, is_secret, is_deleted, created_at)
    SELECT n, CASE n WHEN 9 THEN 2 ELSE 1 END, CASE n WHEN 10 THEN 8 ELSE 7 END,
        '봄이', CASE n WHEN 8 THEN 'P1' ELSE 'p1' END, '장미 ' || n, '문의 ' || n,
        '내용 ' || n, n = 4, n IN (4, 5), n = 7, CASE n WHEN 6 THEN 5 ELSE n END
            * interval '1 day' + timestamptz '2024-01-20 00:00:00.5'
    FROM generate_series(1, 10) n");
$t->db()->do("INSERT INTO answer (id, content, created_at, updated_at)
    SELECT n, '답 ' || n, n * interval '1 day' + timestamptz '2024-02-01 00:00',
        '2025-01-01'
    FROM generate_series(2, 7) n WHERE n NOT IN (3, 5)");

my %answered = map { $_ => 1 } 2, 4, 6;
my %secret = map { $_ => 1 } 4, 5;

sub bool($value) { return $value ? 'true' : 'false' }

sub asked($n) { return sprintf('"createdAt":"2024-01-%02d"', 20 + ($n == 6 ? 5 : $n)) }

sub replied($n) {
    return '"repliedAt":' . ($answered{$n} ? qq("2024-02-0@{[1 + $n]}") : 'null');
}

sub reply($n) { return '"reply":' . ($answered{$n} ? qq("답 $n") : 'null') }

# a row of each list
my %row = (
    store => sub($n) {
        return qq({"key":$n,"productName":"장미 $n","nickname":"봄이",)
            . qq("title":"문의 $n",) . asked($n) . ',"isReplied":'
            . bool($answered{$n}) . ',"isRead":' . bool($n == 4) . '}';
    },
    mine => sub($n) {
        return qq({"key":$n,"isReplied":@{[bool($answered{$n})]},"title":"문의 $n",)
            . qq("content":"내용 $n","nickname":"봄이",) . asked($n) . ','
            . reply($n) . ',' . replied($n) . qq(,"productName":"장미 $n"});
    },
    product => sub($n, $user = undef) {
        my $mine = defined $user && $user == ($n == 10 ? 8 : 7);
        my ($title, $content, $reply) = $secret{$n} && !$mine
            ? ('비밀글입니다', '', '"reply":null')
            : ("문의 $n", "내용 $n", reply($n));

        return qq({"key":$n,"isReplied":@{[bool($answered{$n})]},"title":"$title",)
            . qq("content":"$content","nickname":"봄이",) . asked($n)
            . ',"isSecret":' . bool($secret{$n}) . ',"isMine":' . bool($mine)
            . ",$reply," . replied($n) . '}';
    },
);

sub page($total, @rows) {
    return '{"data":[' . join(',', @rows) . qq(],"totalCnt":$total});
}

# A list is: its path, its row, the user, the questions in order.
my %lists = (
    Q4 => [ '/stores/1/questions', $row{store}, 101, [ 10, 8, 6, 5, 4, 3, 2, 1 ] ],
    'Q5 of its author' => [ '/stores/questions/product/p1',
        sub($n) { return $row{product}->($n, 7) }, 7, [ 10, 9, 6, 5, 4, 3, 2, 1 ] ],
    'Q5 of somebody' => [ '/stores/questions/product/p1',
        sub($n) { return $row{product}->($n, 8) }, 8, [ 10, 9, 6, 5, 4, 3, 2, 1 ] ],
    'Q5 of anybody' => [ '/stores/questions/product/p1', $row{product}, undef,
        [ 10, 9, 6, 5, 4, 3, 2, 1 ] ],
    Q6 => [ '/stores/questions/product/p1/my', $row{mine}, 7,
        [ 9, 6, 5, 4, 3, 2, 1 ] ],
    Q7 => [ '/stores/questions/my-page', $row{mine}, 7, [ 9, 8, 6, 5, 4, 3, 2, 1 ] ],
);

for my $name (sort keys %lists) {
    my ($path, $row, $user, $all) = $lists{$name}->@*;
    my $list = sub($query) {
        return $t->get($path . $query, defined $user ? (user => $user) : ());
    };
    my @yes = grep { $answered{$_} } @$all;
    my @no = grep { not $answered{$_} } @$all;
    my $check = sub($query, $total, @ids) {
        is_data($list->($query), page($total, map { $row->($_) } @ids), "$name $query");
    };

    # all, in order; with and without an answer
    $check->('', scalar @$all, @$all);
    $check->("?is-replied=$_", scalar @yes, @yes) for qw(true TRUE on yes 1);
    $check->("?is-replied=$_", scalar @no, @no) for qw(false oFF no 0);
    $check->('?is-replied=', scalar @$all, @$all);
    $check->('?is-replied=true&is-replied=false', scalar @yes, @yes);

    # a slash at the end, and an empty userId where none is needed
    is_data($t->get("$path/", defined $user ? (user => $user) : ()),
        page(scalar @$all, map { $row->($_) } @$all), "$name with a slash");
    $user // is_data($t->get($path, user => ''),
        page(scalar @$all, map { $row->($_) } @$all), "$name with an empty userId");

    # pages
    $check->('?size=3', scalar @$all, @$all[ 0 .. 2 ]);
    $check->('?size=3&page=1&sort=title,asc&x', scalar @$all, @$all[ 3 .. 5 ]);
    $check->('?is-replied=true&size=2&page=0', scalar @yes, @yes[ 0, 1 ]);
    $check->('?is-replied=false&size=2&page=1', scalar @no, grep { defined } @no[ 2, 3 ]);
    $check->($_, scalar @$all, @$all) for '?page=-1', '?page=x&size=y', '?size=0',
        '?size=-2', '?size=99999999999999999999', '?page=&size=';
    $check->($_, scalar @$all) for '?page=9', '?page=9223372036854775807',
        '?page=1&size=2000', '?page=99999999999999999999';
    $check->('?is-replied=true&page=1', scalar @yes);

    is_invalid($list->("?is-replied=$_"), 'is-replied is not a boolean',
        "$name is-replied=$_") for qw(2 y wahr null);
}


# a page has 20 rows unless told, and never more than 2000

$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content)
    SELECT 1000 + n, 2, 5, '', '한글 1', '', '', '' FROM generate_series(1, 2001) n");

for my $path ('/stores/2/questions', '/stores/questions/product/%ED%95%9C%EA%B8%80%201',
    '/stores/questions/product/%ED%95%9C%EA%B8%80%201/my', '/stores/questions/my-page')
{
    for my $case ([ '', 20 ], [ '?size=5000', 2000 ], [ '?size=1999&page=1', undef ]) {
        my $user = $path eq '/stores/2/questions' ? 102 : 5;
        my $data = $t->get($path . $case->[0], user => $user)->json()->{data};
        my $total = $user == 5 ? 2001 : 2002;

        is($data->{totalCnt}, $total, "$path$case->[0]: of all");
        is(scalar $data->{data}->@*, $case->[1] // $total - 1999, 'rows');
    }
}


# pages of one instant neither overlap nor leave out anything

$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content, created_at)
    SELECT 5000 + (n * 37) % 100, 4, 6, '', 'tie', '', '', '', '2024-01-20'
    FROM generate_series(1, 100) n");

for my $case ([ '/stores/4/questions', 104 ], [ '/stores/questions/product/tie', 6 ],
    [ '/stores/questions/product/tie/my', 6 ], [ '/stores/questions/my-page', 6 ])
{
    my ($path, $user) = @$case;
    my @keys = map { map { $_->{key} } $t->get("$path?size=7&page=$_", user => $user)
        ->json()->{data}{data}->@* } 0 .. 14;

    is(join(' ', @keys), join(' ', reverse 5000 .. 5099), "$path: the newest id first");
}


# nothing to see

is_data($t->get('/stores/questions/product/p', user => 7), page(0), 'no such product');
is_data($t->get('/stores/questions/product/p1/my', user => 9), page(0),
    'nothing asked about it');
is_data($t->get('/stores/questions/my-page', user => 9), page(0), 'nothing asked');
is_data($t->get("/stores/questions/product/$_"), page(0), "product $_")
    for '%25', 'p1%20', "p1'", 'my-page';


# texts as they are, and the largest key

$t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
        product_name, title, content, created_at)
    VALUES (9223372036854775807, 2, -1, ?, 'text', ?, ?, ?, '2024-01-20 12:00')",
    qq(a/"\\\t), '</', "\n", '꽃🌸');
$t->db()->do("INSERT INTO answer (id, content, created_at)
    VALUES (9223372036854775807, '', '2024-01-21 12:00')");

my ($key, $nickname) = ('"key":9223372036854775807', q("nickname":"a/\"\\\\\t"));
my $asked = qq("content":"꽃🌸",$nickname,"createdAt":"2024-01-20");
my $replied = '"reply":"","repliedAt":"2024-01-21"';

is_data($t->get('/stores/questions/product/text'), page(1, qq({$key,"isReplied":true,)
    . qq("title":"\\n",$asked,"isSecret":false,"isMine":false,$replied})),
    'product: texts');
is_data($t->get($_, user => -1), page(1, qq({$key,"isReplied":true,"title":"\\n",)
    . qq($asked,$replied,"productName":"</"})), "$_: texts")
    for '/stores/questions/product/text/my', '/stores/questions/my-page';
is_data($t->get('/stores/2/questions?is-replied=true', user => 102), page(1,
    qq({$key,"productName":"</",$nickname,"title":"\\n","createdAt":"2024-01-20",)
    . '"isReplied":true,"isRead":false}'), 'store: texts');


# failures

is_invalid($t->get($_->@*), 'userId header is required', "@$_: no userId")
    for map { [ $_ ], [ $_, user => '' ] } '/stores/1/questions',
        '/stores/questions/product/p1/my', '/stores/questions/my-page';
is_invalid($t->get($_, user => 'x'), 'userId header is not a 64-bit integer',
    "$_ with a bad userId")
    for '/stores/1/questions', '/stores/questions/product/p1',
        '/stores/questions/product/p1/my', '/stores/questions/my-page';
is_invalid($t->get('/stores/x/questions', user => 1),
    'storeId is not a 64-bit integer', 'no number');
is_invalid($t->get("/stores/questions/product/$_"), 'productId is not UTF-8 text',
    "product $_")
    for '%FF', 'a%80b';
is_fail($t->get('/stores/1/questions', user => 102), $NOT_OWNER,
    'the manager of another store');
is_fail($t->get('/stores/1/questions', user => 7), $NOT_OWNER, 'a shopper');
is_fail($t->get('/stores/3/questions', user => 103), $NOT_OWNER, 'a deleted store');
is_fail($t->get('/stores/99/questions', user => 101), $NOT_OWNER, 'no such store');

$t->done();
