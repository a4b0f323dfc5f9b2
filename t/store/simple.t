# Stores in brief: POST /client/stores/simple-info.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store')->run();

add_stores($t, { id => 12, name => '봄꽃집', rating => 4.3 },
    { id => 3, rating => 4.33333, deleted => 1 }, { id => 7, rating => 5 },
    { id => 8, rating => '4.3000000000000007' });

sub simple($body, %o) {
    return $t->post('/client/stores/simple-info', body => $body, %o);
}

sub row($id, $rating, $name = "꽃집 $id") {
    return qq({"storeId":$id,"storeName":"$name",)
        . qq("storeThumbnail":"https://a.kr/$id.png","detailInfo":"소개 $id",)
        . qq("averageRating":$rating});
}

my $two = '[' . join(',', row(7, 5), row(12, 4.3, '봄꽃집')) . ']';

is_data(simple('[12,7]'), $two, 'by id');
is_data(simple('[12,7,99,12,-1,7]'), $two, 'repeated and unknown ids');
is_data(simple('["12"," 7 ",7.9]'), $two, 'integers in other forms');
is_data(simple('[12,7]', type => undef), $two, 'without a media type');
is_data(simple('[12,7]', user => $_), $two, 'userId is not read') for 'x', [ 1, 2 ];
is_data(simple('[3]'), '[' . row(3, 4.33333) . ']', 'a flagged store');
is_data(simple('[8]'), '[' . row(8, 4.3) . ']', 'as much of a rating as a float holds');
is_data(simple($_), '[]', "none: $_") for '[]', '[99]', '[9223372036854775807]';

my %refused = ('storeIds cannot be null' => [ '[null]', '[12,null]', '[""]' ],
    'storeIds is not an integer' => [ '["x"]', '[true]', '[[12]]', '[{}]', '["3.7"]' ],
    'the body is not a JSON array' => [ '12', '"12"', '{"storeIds":[12]}' ],
    'the body is not valid JSON' => [ '[12', '[12] x' ],
    'the body is null' => [ 'null' ], 'the body is missing' => [ '' ]);

for my $reason (sort keys %refused) {
    is_invalid(simple($_), $reason, "body $_") for $refused{$reason}->@*;
}

is_invalid(simple('[9223372036854775808]'), 'storeIds is out of range',
    'beyond 64 bits');

$t->done();
