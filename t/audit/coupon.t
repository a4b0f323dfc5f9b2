# The audit of one coupon finds each kind of difference, and the repair puts it
# right and says what it did.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Audit;
use BB::Test;

my $t = BB::Test->new(http => 'bb_store_audit off;', coupons => [
    { id => 7, limit => 50 }, { id => 8, limit => 2, issued => [ 1 .. 3 ] },
    { id => 9, issued => [ 5 ], deleted => 1 } ])->run();
my $ops = $t->client('ops');

my %none = (count => 0, users => []);
my %fields = (limit => '50', start => $t->today(-1), end => $t->today(7),
    deleted => '0', version => '1', expire => '' . $t->midnight($t->today(8)));
my %right = (coupon => 7, consistent => JSON::PP::true, limit => 50,
    over_limit => 0, pending => 0, stale => JSON::PP::false,
    members_without_row => \%none, rows_without_member => \%none);

sub users(@ids) { return { count => scalar @ids, users => \@ids } }

my %nothing = (members_added => 0, members_removed => 0, fields_put => 0,
    issued_count_set => 0);


# not loaded, and loaded

is_deeply(audit($t, 7), { %right, loaded => JSON::PP::false, issued_count => 0,
    rows => 0, members => 0, postgres => \%fields,
    redis => { map { $_ => undef } keys %fields } }, 'not loaded');

is($t->claim(7, user => $_), ISSUED, "user $_ draws") for 1 .. 5;
ok($t->settled(), 'no claim is left over');

my %loaded = (%right, loaded => JSON::PP::true, issued_count => 5, rows => 5,
    members => 5, postgres => \%fields, redis => \%fields);

is_deeply(audit($t, 7), \%loaded, 'loaded');
is_deeply(repair($t, 7), { %loaded, repaired => \%nothing }, 'nothing to repair');


# users

my $set = $t->key(7, ':issued');

$t->redis()->cmd('SREM', $set, 2, 4);
$t->redis()->cmd('SADD', $set, 77, -3);

my %differ = (%loaded, consistent => JSON::PP::false,
    rows_without_member => users(2, 4), members_without_row => users(-3, 77));

is_deeply(audit($t, 7), \%differ, 'members are missing, and too many');
is_deeply(audit($t, 7), \%differ, 'a look changes nothing');
is_deeply(repair($t, 7), { %loaded, repaired => { %nothing, members_added => 2,
    members_removed => 2 } }, 'they are repaired');
is_deeply([ $t->members(7) ], [ 1 .. 5 ], 'the set is right');
ok($t->nginx()->logged(qr/\[warn\].*coupon 7 repaired: 2 members added, 2 removed/),
    'and it is logged');


# fields: one that is older, one of the same version, one that is newer

for my $case ([ 'an edit that Redis missed', [ version => 0, limit => 9 ] ],
    [ 'a value that is wrong', [ end => '2001-01-01' ] ],
    [ 'a version that PostgreSQL lost', [ version => 5, deleted => 1 ] ])
{
    my ($name, $values) = @$case;
    my %redis = (%fields, map { "$_" } @$values);

    $t->redis()->cmd('HSET', $t->key(7), @$values);
    is_deeply(audit($t, 7), { %loaded, consistent => JSON::PP::false,
        stale => JSON::PP::true, redis => \%redis }, $name);
    is_deeply(repair($t, 7), { %loaded, repaired => { %nothing, fields_put => 1 } },
        "$name: repaired");
}

is($t->redis()->cmd('EXPIRETIME', $_), $fields{expire}, "$_ expires as it did")
    for $t->key(7), $set;
is($t->claim(7, user => 6), ISSUED, 'it can be drawn');
ok($t->settled(), 'no claim is left over');


# the count

for my $wrong (2, 9) {
    $t->db()->do('UPDATE coupon SET issued_count = ? WHERE id = 7', $wrong);

    my $report = audit($t, 7);

    is_deeply([ $report->@{qw(issued_count rows)}, 0 + $report->{consistent} ],
        [ $wrong, 6, 0 ], "issued_count is $wrong");
    is_deeply(repair($t, 7), { %loaded, issued_count => 6, rows => 6, members => 6,
        repaired => { %nothing, issued_count_set => 1 } }, 'it is set right');
}


# a place that a repair frees can be had at once, also after "sold out"

is($t->claim(7, user => $_), ISSUED, "user $_ draws") for 7 .. 49;
$t->redis()->cmd('SADD', $set, 1000);
is($t->claim(7, user => 50), SOLD_OUT, 'a place is kept in vain');
is(repair($t, 7)->{repaired}{members_removed}, 1, 'a repair frees it');
is($t->claim(7, user => 50), ISSUED, 'the next one has it');


# more rows than the limit, deleted coupons, other requests

is_consistent($t, 8, 'more rows than the limit', over_limit => 1, rows => 3,
    loaded => JSON::PP::false);
$t->db()->do('DELETE FROM issued_coupon WHERE coupon_id = 8 AND user_id = 1');
is_consistent($t, 8, 'as many', over_limit => 0, rows => 2);
is_consistent($t, 9, 'a deleted one', rows => 1);

sub answer($method, $uri) {
    my $answer = $ops->request($method, $uri);

    return [ $answer->status(), $answer->body() ];
}

is_deeply(answer('GET', '/ops/coupons/99/audit'),
    [ 404, '{"failure":"no such coupon"}' ], 'no such coupon');
is_deeply(answer('POST', '/ops/coupons/99/audit?repair=1'),
    [ 404, '{"failure":"no such coupon"}' ], 'nothing to repair');
is_deeply(answer('POST', "/ops/coupons/7/audit$_"),
    [ 400, '{"failure":"POST is for repair=1"}' ], "POST$_")
    for '', '?repair=0', '?repair=11';
is($ops->request('PUT', '/ops/coupons/7/audit')->status(), 405, 'PUT');
is($ops->request('GET', $_)->status(), 404, $_) for '/ops/coupons/x/audit',
    '/ops/coupons//audit', '/ops/coupons/7/audits', '/ops/coupons/7';
is($ops->request('HEAD', '/ops/coupons/7/audit')->status(), 200, 'HEAD');

$t->done();
