# Mistakes in the directives of calls are named with file, line, value and remedy.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Test;

my $t = BB::Test->new(nginx => 0)->run();
my $dir = $t->dir();
my $NUMBER = qr/it must be from 1 to/;

my @mistakes = (
    [ 'bb_store_service', qr/invalid number of arguments/ ],
    [ 'bb_store_service product', qr/invalid number of arguments/ ],
    [ 'bb_store_service products /a/', qr/"products": there are product, wishlist/ ],
    [ 'bb_store_service product http://a/', qr/"http:\/\/a\/" of service "product"/ ],
    [ 'bb_store_service product a', qr/"a" of service "product": name an internal/ ],
    [ 'bb_store_service product ""', qr/"" of service "product": name an internal/ ],
    [ 'bb_store_service product /', qr{"/" of service "product": name an internal} ],
    [ 'bb_store_service user /a; bb_store_service user /b', qr/"user" is named twice/ ],

    [ 'bb_store_call_timeout', qr/invalid number of arguments/ ],
    [ 'bb_store_call_timeout x', qr/x/ ],
    [ 'bb_store_call_timeout 0', qr/"?0"?/ ],
    [ 'bb_store_call_timeout -1s', qr/-1s/ ],
    [ 'bb_store_call_timeout 1s; bb_store_call_timeout 2s', qr/duplicate/ ],

    [ 'bb_store_breaker default', qr/invalid number of arguments/ ],
    [ 'bb_store_breaker getLikes open=1s',
        qr/"getLikes": there are default, getSubscriptionProductId, getStoreLikes/ ],
    [ 'bb_store_breaker getFlowers open=1s', qr/"getFlowers": there are default/ ],
    [ 'bb_store_breaker default opened=1s',
        qr/"opened=1s": there are window=, calls=, failures=/ ],
    [ 'bb_store_breaker default open', qr/"open": there are/ ],
    [ 'bb_store_breaker default open=', qr/"open=": there are/ ],
    [ 'bb_store_breaker default window=0', qr/"window=0": $NUMBER 1000/ ],
    [ 'bb_store_breaker default window=1001', qr/"window=1001": $NUMBER 1000/ ],
    [ 'bb_store_breaker default calls=-1', qr/"calls=-1": $NUMBER 1000/ ],
    [ 'bb_store_breaker default trials=1001', qr/"trials=1001": $NUMBER 1000/ ],
    [ 'bb_store_breaker default trials=3x', qr/"trials=3x": $NUMBER 1000/ ],
    [ 'bb_store_breaker default failures=0%', qr/"failures=0%": $NUMBER 100/ ],
    [ 'bb_store_breaker default failures=101', qr/"failures=101": $NUMBER 100/ ],
    [ 'bb_store_breaker default failures=%', qr/"failures=%": $NUMBER 100/ ],
    [ 'bb_store_breaker default slow_calls=20%%', qr/"slow_calls=20%%": $NUMBER 100/ ],
    [ 'bb_store_breaker default slow_calls=' . '9' x 30, qr/9": $NUMBER 100/ ],
    [ 'bb_store_breaker default slow=5x', qr/"slow=5x": write it as 500ms/ ],
    [ 'bb_store_breaker default open=0', qr/"open=0": write it as 500ms/ ],
    [ 'bb_store_breaker default half_open=-1s', qr/"half_open=-1s": write it as/ ],
    [ 'bb_store_breaker default open=1s open=2s', qr/duplicate parameter "open=2s"/ ],
    [ 'bb_store_breaker getStoreLikes open=1s; bb_store_breaker getStoreLikes open=2s',
        qr/duplicate parameter "open=2s"/ ],
);

my @lines = split(/\n/, $t->nginx()->conf(http => '@here@'));
my ($line) = grep { $lines[$_ - 1] =~ /\@here\@/ } 1 .. @lines;

for my $mistake (@mistakes) {
    my ($directive, $pattern) = @$mistake;
    my $said = $t->nginx()->check(http => "$directive;");

    like($said, qr/\[emerg\].*$pattern.* in \Q$dir\E\/nginx\/check\.conf:$line\n/,
        $directive);
}

is($t->nginx()->check(http => 'bb_store_service product /a/;
    bb_store_service wishlist /b; bb_store_service order-query /a/;
    bb_store_service user /c/d/; bb_store_call_timeout 500ms;
    bb_store_breaker getStoreLikes window=1000 calls=1 failures=1% slow_calls=100
        slow=1ms open=1d trials=1000 half_open=2m;
    bb_store_breaker default open=1s;', location => 'bb_store_service product /x/;
    bb_store_call_timeout 1s;', server => 'bb_store_service product /y/;'), '',
    'what is right, at each level');
like($t->nginx()->check(server => 'bb_store_breaker default open=1s;'),
    qr/"bb_store_breaker" directive is not allowed here/, 'breakers are for all');


# each parameter is the number of its name, of its operation, in whatever order
$t->nginx()->configure(domains => 'store', http => 'bb_store_breaker getStoreLikes
        window=1 calls=2 failures=3% slow_calls=4 slow=5ms open=6s trials=7 half_open=8m;
    bb_store_breaker getPhoneNumber trials=9; bb_store_breaker getPhoneNumber calls=8;
    bb_store_breaker default half_open=7h calls=6 window=1000;');
$t->nginx()->start();

my %want = map { $_ => { window => 1000, calls => 6, failures => 20, slow_calls => 20,
    slow_ms => 5000, open_ms => 300_000, trials => 3, half_open_ms => 25_200_000 } }
    qw(getSubscriptionProductId getStoreLikes getStoreSubscriptions getPhoneNumber);

$want{getStoreLikes} = { window => 1, calls => 2, failures => 3, slow_calls => 4,
    slow_ms => 5, open_ms => 6000, trials => 7, half_open_ms => 480_000 };
$want{getPhoneNumber}->@{qw(trials calls)} = (9, 8);

my $breakers = status($t)->{breakers};

is_deeply({ map { $_ => $breakers->{$_}{numbers} } keys %$breakers }, \%want,
    'the numbers in effect');

$t->done();
