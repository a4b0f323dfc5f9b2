# Connections to the services are kept and used again, whatever came over them.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Services;
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store');
my $services = BB::Services->new($t, keepalive => 4);

$t->run();
add_stores($t, { id => 5 });

my $client = $t->new_client();
my %conns;

sub liked($bytes) {
    $client->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));
    my ($call) = $services->calls(1);

    $conns{$call->{conn}} = $call->{conn};
    $services->say($call, $bytes);
    return $client->answer()->body() =~ /"isLiked":true/ ? 1 : 0;
}

my $LIKED = envelope('{"5":true}');

is(liked(data($LIKED)), 1, 'the first one');
is(liked(data($LIKED)), 1, 'again');
is(liked(data($LIKED, chunks => 7)), 1, 'in chunks');
is(liked(data($LIKED)), 1, 'after them');
is(liked(data(envelope('null'))), 0, 'without data');
is(liked(data($LIKED =~ s/SUCCESS/FAIL/r)), 0, 'FAIL');
is(liked(data('<html>')), 0, 'HTML');
is(liked(data($LIKED, status => 404)), 0, 'status 404');
is(liked(data('', status => 500)), 0, 'status 500');
is(liked(data($LIKED)), 1, 'and then a good one');
is(scalar keys %conns, 1, 'all over one connection');

my ($conn) = values %conns;
$services->hang_up({ conn => $conn }, reset => 1);

is(liked(data($LIKED)), 1, 'the service has closed it: a new one');
is(scalar keys %conns, 2, 'the second');

# and while the call is on its way over it: a POST is sent again as the location says
sub cut() {
    $client->write(BB::Client::request_bytes(GET => '/stores/list', user => 7));
    my ($call) = $services->calls(1);

    is($call->{conn}, $conn, 'over the kept connection');
    $services->hang_up($call, reset => 1);
}

($conn) = grep { $_ != $conn } values %conns;
cut();
like($client->answer()->body(), qr/"isLiked":false/, 'closed under the call: it fails');
is($services->waiting(), 0, 'and is not sent again');

$client->close();
$t->nginx()->reconfigure(server => $t->nginx()->{server} =~
    s/internal;/internal; proxy_next_upstream error non_idempotent;/r);
%conns = ();
is(liked(data($LIKED)), 1, 'with non_idempotent');
($conn) = values %conns;
cut();
my ($again) = $services->calls(1);
isnt($again->{conn}, $conn, 'it comes again, over a new connection');
$services->say($again, data($LIKED));
like($client->answer()->body(), qr/"isLiked":true/, 'and is answered');
$conn = $again->{conn};
cut();
($again) = $services->calls(1);
$services->hang_up($again, reset => 1);
like($client->answer()->body(), qr/"isLiked":false/, 'a new one that is closed: it fails');
is($services->waiting(), 0, 'twice is enough');

$t->done();
