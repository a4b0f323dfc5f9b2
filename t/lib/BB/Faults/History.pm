# What the history of a run must show.
#
# The file has a line for each request, its columns parted by tabs: stage; 1 for
# who came again when all was over; coupon, 0 for all of the store; user; when it
# was sent, in seconds from the beginning; how long its answer took; the verdict,
# or why there was none.

package BB::Faults::History;

use v5.36;
use List::Util qw(max);

use BB::Answer;

# an answer has this much more time than its deadline, on a busy machine
my $MARGIN = 1.5;

my %NONE = map { $_ => 1 } 'connection closed', 'refused', 'left', 'timed out';


# A list for a message.
sub some(@list) {
    return join(' ', @list <= 10 ? @list : (@list[ 0 .. 9 ], '...'));
}


sub read($class, $file) {
    open(my $in, '<', $file) or die "$file: $!\n";
    my @requests;

    while (my $line = <$in>) {
        chomp($line);
        my %request;

        @request{qw(stage again coupon user sent took verdict)} =
            split(/\t/, $line, 7);
        push @requests, \%request;
    }

    return bless { requests => \@requests }, $class;
}


# Looks at one stage.
# stage: of the schedule;  paused: when its draws ended
# rows, members: { coupon => { user => 1 } } as PostgreSQL and Redis have them;
# no members of a coupon that Redis has not loaded
# commit: 1 if the answer waits for the commit;  deadline: of a draw, in seconds
# cuts, loses: see BB::Faults::Kinds
# Returns its numbers, and a list of what is wrong.
sub stage($self, %o) {
    my @requests = grep { $_->{stage} == $o{stage}{store} }
        $self->{requests}->@*;
    my (@wrong, %told, %already, %sold_out, %all, %waits);

    for my $r (@requests) {
        my ($verdict, $what) = ($r->{verdict}, "user $r->{user}, coupon $r->{coupon}");

        # C6 asks PostgreSQL first
        my $deadline = $o{deadline} * ($r->{coupon} ? 1 : 2) + $MARGIN;

        push @wrong, sprintf('%s: %s after %.1f s', $what, $verdict, $r->{took})
            if $r->{took} > $deadline;

        if ($NONE{$verdict}) {
            next if $verdict eq 'left' or $o{cuts} and not $r->{again}
                and $verdict ne 'timed out';
            push @wrong, "$what: $verdict";

        } elsif ($verdict eq UNAVAILABLE) {
            # but who came again may have been answered later
            $waits{$what} = 1 if $r->{again};
            next;

        } elsif (not $r->{coupon}) {
            $verdict eq ISSUED ? $all{$r->{user}}++ : push @wrong, "$what: $verdict";

        } elsif ($verdict eq ISSUED) {
            $told{$r->{coupon}}{$r->{user}}++;

        } elsif ($verdict eq ALREADY_ISSUED) {
            $already{$r->{coupon}}{$r->{user}}++;

        } elsif ($verdict eq SOLD_OUT) {
            $sold_out{$r->{coupon}}++;

        } else {
            push @wrong, "$what: $verdict";
        }

        delete $waits{$what};
    }

    push @wrong, map { "$_: still no service in the end" } sort keys %waits;

    my %sum = (requests => scalar @requests, acknowledged => 0, rows => 0,
        lost => 0, duplicates => 0, over => 0);

    for my $coupon ($o{stage}{coupons}->@*) {
        my ($id, $limit) = $coupon->@{qw(id limit)};
        my $rows = $o{rows}{$id} // {};
        my $members = $o{members}{$id} // $rows;
        my $room = keys(%$rows) < $limit;
        my %holds = ($told{$id} // {})->%*;

        # a coupon that is not sold out has been given to all who drew all, or is
        # theirs by a claim under way, which may be lost with Redis
        if ($room and not $o{loses}) {
            $holds{$_} //= 1 for keys %all;
        }

        my @lost = grep { not $rows->{$_} } sort keys %holds;
        my @twice = grep { $holds{$_} > 1 } sort keys %holds;
        my $over = max(scalar keys %$rows, scalar keys %$members) - $limit;

        $sum{acknowledged} += keys %holds;
        $sum{rows} += keys %$rows;
        $sum{lost} += @lost;
        $sum{duplicates} += @twice;
        $sum{over} += max($over, 0);

        # what was acknowledged by Redis alone is lost with it
        if ($o{commit} or not $o{loses}) {
            push @wrong, "coupon $id: lost by users " . some(@lost) if @lost;
            push @wrong, "coupon $id: issued twice to users " . some(@twice)
                if @twice;
        }

        push @wrong, "coupon $id: " . keys(%$rows) . ' rows, ' . keys(%$members)
            . " members, limit $limit" if $over > 0;

        my @only_row = grep { not $members->{$_} } sort keys %$rows;
        my @only_member = grep { not $rows->{$_} } sort keys %$members;

        push @wrong, "coupon $id: rows without member: " . some(@only_row)
            if @only_row;
        push @wrong, "coupon $id: members without row: " . some(@only_member)
            if @only_member;

        next if $o{loses};

        my @hollow = grep { not $rows->{$_} } sort keys(($already{$id} // {})->%*);

        push @wrong, "coupon $id: told that they have it: users " . some(@hollow)
            if @hollow;
        push @wrong, "coupon $id: sold out, with " . keys(%$rows)
            . " rows of $limit" if $sold_out{$id} and $room;
    }

    # between two answers that are no 503
    my @served = sort { $a <=> $b } map { $_->{sent} + $_->{took} }
        grep { not $_->{again} and not $NONE{$_->{verdict}}
            and $_->{verdict} ne UNAVAILABLE } @requests;

    push @served, $o{paused} if @served;
    $sum{pause} = max(0, map { $served[$_] - $served[ $_ - 1 ] } 1 .. $#served);

    return (\%sum, @wrong);
}


1;
