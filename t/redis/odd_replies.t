# Scripts in place of the built-in ones may be wrong in any way: nobody gets a coupon
# that is not stored, no worker dies, and all is well once they are gone.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use BB::Process qw(await);
use BB::Test;

my $SCRIPTS = abs_path(dirname(__FILE__) . '/../../lua-scripts');

my @names = map { /(\w+)\.lua\z/ } glob("$SCRIPTS/{coupon,claims}_*.lua");
my @replies = ("return 1", "return 'x'", "return false", "return {}", "return { {} }",
    "return { 1, 2, 3 }", "return { 'I' }", "return { 'I', 1, 2 }",
    "return { { '1-1', { 'coupon', 7, 'claims', '[[1]]' } } }",
    "return { { '1-1', 'x' }, 'y' }", "return { { { 1 }, { 1, 2, 3, 4 } } }",
    "return redis.status_reply('x')",
    "return redis.error_reply('BBARG x')", "x(");

my $t = BB::Test->new(http => 'bb_store_sweep 100ms;', postgres_args => 'timeout=300ms',
    redis_args => 'timeout=300ms', location => 'bb_store_coupon_timeout 200ms;',
    coupons => [ map { { id => $_ } } 1 .. @names * @replies ])->run();
my $dir = $t->dir() . '/scripts';
my $http = $t->nginx()->{http};
my ($id, %told) = (0);

make_path($dir);
$t->nginx()->configure(http => "$http bb_store_scripts $dir;");

for my $name (@names) {
    for my $reply (@replies) {
        open(my $out, '>', "$dir/$name.lua") or die "$name: $!\n";
        print $out "redis.call('INCR', 'run:$name') $reply\n";
        close($out) or die "$name: $!\n";

        $t->nginx()->reconfigure();
        my @workers = $t->nginx()->workers();

        $id++;
        for my $user (1, 2) {
            $told{$id}{$user} = 1 if $t->claim($id, user => $user) eq ISSUED;
        }
        $t->post('/stores/1/coupons/all', user => 3,
            body => '{"nickname":"a","phoneNumber":"1"}');
        $t->put("/stores/1/coupons/$id", user => 101, body => { couponName => 'b',
            discountPrice => 1, minPrice => 1, limitCount => 200,
            startDate => $t->today(-1), endDate => $t->today(3) });

        my $ops = $t->new_client('ops');

        isnt($ops->request('GET', $_)->status(), 0, "$name: $reply: $_ answers")
            for '/readyz', '/ops/status';

        # the sweep comes by itself
        ok(await(10, sub { $t->redis()->cmd('GETDEL', "run:$name") }), 'the script ran')
            if $name eq 'claims_late' and $reply =~ /^return/;
        is($ops->request('GET', '/ops/status')->status(), 200, 'the worker goes on');
        is_deeply([ $t->nginx()->workers() ], \@workers, 'the same one');
    }

    unlink("$dir/$name.lua") or die "$name: $!\n";
}

$t->nginx()->reconfigure();

for my $id (sort { $a <=> $b } keys %told) {
    my %holds = map { $_ => 1 } $t->holders($id);

    is(scalar(grep { not $holds{$_} } keys $told{$id}->%*), 0, "coupon $id: rows");
}

$t->redis()->cmd('FLUSHALL');
is($t->claim($_, user => 9), ISSUED, 'all is well') for 1, $id;

$t->done();
