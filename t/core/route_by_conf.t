# Which domains a location serves is configuration: all others go onward, and a
# reload changes it without a failed request.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Store;
use BB::Test;

my @DOMAINS = qw(store coupon cargo question);

my $t = BB::Test->new(upstream => 1, workers => 2, domains => 'coupon')->run();

add_stores($t, { id => 1 });

# one or two requests of each domain
my %requests = (
    store => [ [ GET => '/stores/list' ], [ GET => '/stores/1/delivery-policy' ] ],
    coupon => [ [ GET => '/stores/coupons/my', user => 1 ],
        [ GET => '/stores/1/coupons', user => 101 ] ],
    cargo => [ [ GET => '/stores/1/flowers/stocks', user => 101 ] ],
    question => [ [ GET => '/stores/questions/my-page', user => 1 ],
        [ GET => '/stores/1/questions', user => 101 ] ],
);
my @UNKNOWN = map { [ GET => "/stores/$_" ] } 'x/y', '1/nothing', 'coupons',
    '1/flowers', 'questions/1/2/3';

# Who has answered: the echo of the service behind, or this one.
sub by($answer) {
    return $answer->json()->{headers} ? 'onward' : 'here' if $answer->status() == 200;
    return $answer->whole();
}

sub is_routed($name, @here) {
    my %here = map { $_ => 1 } @here;

    for my $domain (@DOMAINS) {
        is(join(' ', map { by($t->request(@$_)) } $requests{$domain}->@*),
            join(' ', ($here{$domain} ? 'here' : 'onward') x $requests{$domain}->@*),
            "$name: $domain");
    }

    is(join(' ', map { by($t->request(@$_)) } @UNKNOWN),
        join(' ', ('onward') x @UNKNOWN), "$name: unknown paths go onward");
    is_not_found($t->get('/stores/client/stores/1/name'), "$name: never onward");
}

is_routed('coupon alone', 'coupon');

for my $domains ('store', 'cargo question', 'store coupon cargo question', 'question') {
    $t->nginx()->reconfigure(domains => $domains);
    is_routed($domains, split(/ /, $domains));
}

# a wrong method
is_refused($t->request(DELETE => '/stores/questions/1'), 405, 'a wrong method',
    [ qw(GET HEAD) ]);
is(by($t->request(DELETE => '/stores/1/delivery-policy')), 'onward',
    'of a domain that is not served');


# a burst, while each reload takes domains over or gives them back; on connections
# of their own, as an idle one may close when a request comes
my @plans = map { $_ % 2 ? 'store coupon cargo question' : 'coupon' } 1 .. 6;
my @requests = (map { [ @$_, headers => [ Connection => 'close' ] ] }
    map { $_->@* } @requests{@DOMAINS}) x 300;
my $next = @requests / (@plans + 1);
my %by;

$by{by($_)}++ for $t->burst(connections => 16, requests => \@requests,
    on_answer => sub($done, @) {
        return if not @plans or $done < $next;

        $next += @requests / 7;
        $t->nginx()->configure(domains => shift @plans);
        $t->nginx()->reload();
    });

is_deeply([ sort keys %by ], [ qw(here onward) ], 'every request has an answer')
    or diag(explain(\%by));
is($by{here} + $by{onward}, scalar @requests, 'all of them');
is(scalar @plans, 0, 'all reloads took place');

$t->done();
