# Messages of answers that wait for the asker's phone number, which is asked for in
# the background.

package BB::Phone;

use v5.36;
use Exporter qw(import);

use BB::Answer;
use BB::Client;

our @EXPORT = qw(answered due message phone_text row wait_for_number);

my $ASKER = 3214567000;         # the asker of question n is user $ASKER + n


# Questions of these numbers, of store 5 (manager 105).
sub _questions($t, @n) {
    $t->db()->do("INSERT INTO question (id, store_id, user_id, nickname, product_id,
            product_name, title, content)
        SELECT n, 5, $ASKER + n, '', '', '', '', '' FROM unnest(?::bigint[]) n
        ON CONFLICT DO NOTHING", \@n);
}


# Answers question $n through the service, on the connection of $client, which goes
# on after it; its message.
sub answered($t, $n, $client = $t->new_client()) {
    _questions($t, $n);
    $client->write(BB::Client::request_bytes(POST => "/stores/questions/$n/answers",
        user => 105, body => '"네"'));
    my $answer = $client->answer();

    die 'not answered: ' . $answer->whole() . "\n" if $answer->status() != 200;
    return $t->db()->value('SELECT id FROM outbox WHERE phone_of = ?', $ASKER + $n);
}


# The messages of these questions, which are due when the test says so.
sub wait_for_number($t, @n) {
    _questions($t, @n);

    my @ids = map { $t->db()->value(q{SELECT notice
        FROM answer_question(?, '네', NULL)}, $_) } @n;

    $t->db()->do(q{UPDATE outbox SET next_try_at = now() + interval '1 day'
        WHERE id = ANY (?)}, \@ids);
    return @ids;
}


sub due($t, @ids) {
    $t->db()->do('UPDATE outbox SET next_try_at = now() WHERE id = ANY (?)', \@ids);
}


# Columns of a message: those that tell how it waits.
sub row($t, $id) {
    my ($row) = $t->db()->rows(q{SELECT phone_of, attempts, sent_at, payload,
        extract(epoch FROM next_try_at - clock_timestamp()) AS pause
        FROM outbox WHERE id = ?}, $id);
    my %row;

    @row{qw(phone_of attempts sent_at payload pause)} = $row->@* if $row;
    return $row ? \%row : undef;
}


# "waits", the complete message, or "gone"
sub message($t, $id) {
    my $row = row($t, $id) // return 'gone';
    return defined $row->{phone_of} ? 'waits' : $row->{payload};
}


# What the message for question $n is with this number, given as JSON.
sub phone_text($t, $n, $number, $event) {
    return '{"whoToNotify":{"userId":' . ($ASKER + $n) . qq(,"phoneNumber":$number},)
        . '"publishInformation":{"notificationKind":"INQUERY",'
        . '"notificationUrl":"/mypage","content":null,"role":null,'
        . qq("eventId":"$event"}});
}


1;
