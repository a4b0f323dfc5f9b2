# Replacements of one store at once: its three rows are always of one request.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Answer;
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

$t->done();
