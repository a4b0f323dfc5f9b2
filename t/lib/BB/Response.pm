# One HTTP answer, taken from the bytes of a connection.

package BB::Response;

use v5.36;
use JSON::PP;

# what nginx adds to every answer
my %OF_NGINX = map { $_ => 1 } qw(server date connection);


# Takes one answer, and the 1xx answers before it, off the front of $$buffer;
# undef while it is incomplete.
# head: it answers HEAD; eof: the connection is closed, no more will come
sub take($class, $buffer, %o) {
    my @interim;

    pos($$buffer) = 0;

    while ($$buffer =~ /\G(.*?)\r\n\r\n/gcs) {
        my ($head, $start) = ($1, pos($$buffer));
        my ($line, @lines) = split(/\r\n/, $head);
        my ($status, $reason) = $line =~ m{\AHTTP/1\.[01] (\d{3}) ?(.*)\z}
            or die "not an HTTP answer: $line\n";

        if ($status < 200) {
            push @interim, $status;
            next;
        }

        my $self = bless { status => $status, reason => $reason,
            headers => [ map { [ split(/:[ \t]*/, $_, 2) ] } @lines ],
            interim => \@interim }, $class;
        my ($body, $end) = $self->_body($buffer, $start, %o);

        return if not defined $body;

        $self->{body} = $body;
        substr($$buffer, 0, $end, '');
        return $self;
    }

    return;
}


# Stands for the answer that never came.
sub none($class, $why) {
    return bless { status => 0, reason => $why, headers => [], body => '',
        interim => [] }, $class;
}


sub _body($self, $buffer, $start, %o) {
    return ('', $start) if $o{head} or $self->{status} =~ /\A(?:204|304)\z/;

    if (defined(my $length = $self->header('Content-Length'))) {
        return if length($$buffer) < $start + $length;
        return (substr($$buffer, $start, $length), $start + $length);
    }

    if (lc($self->header('Transfer-Encoding') // '') eq 'chunked') {
        my $body = '';

        pos($$buffer) = $start;

        while ($$buffer =~ /\G([0-9a-fA-F]+)[^\r\n]*\r\n/gc) {
            my ($length, $at) = (hex($1), pos($$buffer));

            return if length($$buffer) < $at + $length + 2;
            $body .= substr($$buffer, $at, $length);
            pos($$buffer) = $at + $length + 2;
            return ($body, $at + 2) if $length == 0;
        }

        return;
    }

    return $o{eof} ? (substr($$buffer, $start), length($$buffer)) : ();
}


sub status($self) { return $self->{status} }

sub body($self) { return $self->{body} }

# The statuses of the 1xx answers that came before.
sub interim($self) { return $self->{interim}->@* }


# The first header of that name, or all of them in list context.
sub header($self, $name) {
    my @values = map { $_->[1] } grep { lc($_->[0]) eq lc($name) }
        $self->{headers}->@*;

    return wantarray ? @values : $values[0];
}


sub json($self) { return JSON::PP->new->allow_nonref->decode($self->{body}) }


# The whole answer as text for comparisons: status, headers by name, body.  Left
# out are nginx's own headers, and a Content-Length that fits the body.
sub whole($self) {
    my @lines = map { "$_->[0]: $_->[1]" } sort { $a->[0] cmp $b->[0] }
        grep { not $OF_NGINX{lc($_->[0])}
            and not (lc($_->[0]) eq 'content-length'
                     and $_->[1] eq length($self->{body})) }
        $self->{headers}->@*;

    if (not defined scalar $self->header('Content-Length')) {
        push @lines, '(no Content-Length)';
    }

    return join("\n", "$self->{status}", @lines, '', $self->{body});
}


1;
