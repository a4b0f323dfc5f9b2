# Replacements of one store at once: its three rows are always of one request, as
# the store's row is locked before anything is decided or written.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
use BB::Client;
use BB::Process qw(await);
use BB::Store;
use BB::Test;

my $t = BB::Test->new(domains => 'store', workers => 2)->run();

add_stores($t, { id => 1 });

my $ROW = "SELECT s.store_name || ' ' || p.delivery_price || ' ' || a.zip_code || ' '
        || s.bank || ' ' || p.free_delivery_min_price || ' ' || a.lat
    FROM store s JOIN delivery_policy p ON p.store_id = s.id
    JOIN store_address a ON a.store_id = s.id";

my ($mixed, %seen) = ('');

my @answers = $t->burst(connections => 16,
    requests => [ map { [ 'PUT', '/stores/1', user => 101, body => store_body(
        storeName => $_, bank => $_, deliveryPrice => $_,
        freeDeliveryMinPrice => $_, zipCode => $_, lat => $_ / 10) ] } 1 .. 400 ],
    on_answer => sub(@) {
        my $row = $t->db()->value($ROW);
        my ($n) = $row =~ /\A(\S+)/;

        $seen{$n}++;
        $mixed .= "$row\n" if $n ne '꽃집' and $row ne join(' ', ($n) x 5, $n / 10);
    });

is(scalar grep({ $_->status() == 200 and $_->body() eq '' } @answers), 400,
    '400 answers');
is($mixed, '', 'never the rows of two requests');
cmp_ok(scalar keys %seen, '>', 10, 'many of them were seen');


# While somebody else holds the store's row nothing is written, and what they did to
# it counts.

my $NOT_OWNER = '해당 가게에 대한 권한이 없습니다.';
my $NOT_FOUND = '해당 가게의 주소가 존재하지 않습니다.';

for my $case ([ 'nothing', 'store_name = store_name', undef ],
    [ 'given to another seller', 'store_manager_id = 999', $NOT_OWNER ],
    [ 'deleted', 'is_deleted = true', $NOT_FOUND ])
{
    my ($name, $set, $failure) = @$case;
    my ($hold, $look) = map { $t->db()->connect() } 1 .. 2;
    my $client = $t->new_client();

    $hold->begin_work();
    $hold->do("UPDATE store SET $set WHERE id = 1");
    $client->write(BB::Client::request_bytes(PUT => '/stores/1', user => 101,
        body => store_body(map { $_ => $name } qw(storeName bank zipCode))));
    ok(await(10, sub { $t->db()->value("SELECT count(*) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'") }), "$name: the request waits");

    for my $table (qw(delivery_policy store_address)) {
        ok(eval { $look->do("SELECT FROM $table FOR UPDATE NOWAIT") },
            "and has not written to $table");
    }

    my $before = $t->db()->value($ROW);

    $hold->commit();
    $failure ? is_fail($client->answer(), $failure, 'it fails')
        : ok_void($client->answer(), 'it succeeds');
    $failure ? is($t->db()->value($ROW), $before, 'and changes nothing')
        : like($t->db()->value($ROW), qr/\Anothing 3000 nothing nothing /, 'and changes all');
}

$t->done();
