# The phone number of who asked is asked for in the background, again and again, and
# the message is complete once it is there.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use BB::Ops;
use BB::Phone;
use BB::Process qw(await);
use BB::Services;
use BB::Test;

# what nginx asks of a client's connection is asked of the background's, too
my $t = BB::Test->new(domains => 'question', stores => [ { id => 5 } ]);
$t->{http} = q{
    limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;
    limit_conn_zone $server_addr$server_port zone=two:1m;
    log_format all '$uri $remote_addr $remote_port $scheme $request_uri $request '
        '$status $connection $server_addr $request_length $request_time';
};
my $log = $t->dir() . '/access.log';
$t->{server} = qq{ access_log $log all; log_subrequest on;
    limit_req zone=one; limit_conn two 1; lingering_close always; set \$x \$remote_addr;
    proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
    location /stub { stub_status; limit_req zone=one burst=1000 nodelay; }
};
$t->{location} = 'limit_req zone=one burst=1000 nodelay;';
my $services = BB::Services->new($t, dead => 1);

$t->run();

sub event($id) { return row($t, $id)->{payload} =~ /"eventId":"([0-9a-f-]{36})"/ ? $1 : '' }

sub attempts($id) { return row($t, $id)->{attempts} }

# Waits for the next call, which must be for question $n, and answers it.
sub says($n, $bytes) {
    my ($call) = $services->calls(1);

    is($call->{line} =~ s/ HTTP.*//r, 'GET /client/users/' . (3214567000 + $n)
        . '/phone-number', "question $n: asked for");
    $services->say($call, $bytes, end => 1);
    return $call;
}


# the service is down, then it is back

my $id = answered($t, 1);
my $event = event($id);

ok($t->nginx()->logged(qr/call: getPhoneNumber failed with status 502/), 'the first call fails');
is(attempts($id), 1, 'that was an attempt');
is(message($t, $id), 'waits', 'the message waits on');

$services->listen();
due($t, $id);
my $call = says(1, data(envelope('"01012345678"')));
is(join("\n", grep { not /^Connection: / } $call->{headers}->@*),
    "Accept: application/json\nHost: services\nX-Forwarded-For: unix:", 'what is sent');
ok(await(10, sub { message($t, $id) ne 'waits' }), 'the number comes');
is(message($t, $id), phone_text($t, 1, '"01012345678"', $event), 'and stands in the message');

my $row = row($t, $id);
is_deeply([ $row->@{qw(attempts sent_at)} ], [ 0, undef ], 'which can be sent');
cmp_ok($row->{pause}, '<=', 0, 'now');


# every number, and every failure

my $n = 1;

for my $number ('null', '"+82 \\"10\\" 꽃"', '""') {
    my ($id) = wait_for_number($t, ++$n);
    my $event = event($id);

    due($t, $id);
    says($n, data(envelope($number)));
    ok(await(10, sub { message($t, $id) ne 'waits' }), "the number $number comes");
    is(message($t, $id), phone_text($t, $n, $number, $event), 'and stands in the message');
}

my @bad = (data('', status => 500), data('', status => 404), data('<html>'),
    data('{"data":"1","message":"x","errorCode":"CE-01","result":"FAIL"}'),
    data(envelope('5')), substr(data(envelope('"1"')), 0, -9), '', undef);
my @ids = wait_for_number($t, map { $n + $_ } 1 .. @bad);
my %said = map { ($n + $_) => $bad[$_ - 1] } 1 .. @bad;

due($t, @ids);

for my $call ($services->calls(scalar @bad)) {
    my ($n) = $call->{uri} =~ m{/3214567(\d+)/};
    my $said = $said{$n + 0};

    $services->say($call, $said, end => 1) if defined $said;
    ok($services->is_left($call), 'a call that takes too long ends') if not defined $said;
}

$n += @bad;

ok(await(10, sub { status($t)->{question}{numbers_asked} == 5 + @bad }), 'all asked');
is_deeply([ map { message($t, $_) . ' ' . attempts($_) } @ids ], [ ('waits 1') x @bad ],
    'their messages wait on');
is($services->waiting(), 0, 'nobody asks again now');
due($t, @ids);
$services->say($_, data(envelope('"1"')), end => 1) for $services->calls(scalar @bad);
ok(await(10, sub { not grep { message($t, $_) eq 'waits' } @ids }), 'until the numbers come');


# the pauses; eleven are more than are taken at a time

my @pauses = (20, 40, 80, 160, 320, (600) x 6);
@ids = wait_for_number($t, map { $n + $_ } 1 .. @pauses);

for my $i (0 .. $#pauses) {
    $t->db()->do('UPDATE outbox SET attempts = ? WHERE id = ?', $i, $ids[$i]);
}

due($t, @ids);
my @calls = $services->calls(10);
is($services->waiting(), 0, 'ten are asked for at a time');
$services->say($_, data('', status => 500), end => 1) for @calls;
$services->say($_, data('', status => 500), end => 1) for $services->calls(1);

for my $i (0 .. $#pauses) {
    my $row = row($t, $ids[$i]);

    is($row->{attempts}, $i + 1, 'attempt ' . ($i + 1));
    cmp_ok($row->{pause}, '<=', $pauses[$i], "then $pauses[$i] seconds at most");
    cmp_ok($row->{pause}, '>', $pauses[$i] - 15, 'and hardly less');
}

my $counted = status($t)->{question};
is_deeply($counted, { numbers_asked => 5 + 2 * @bad + @pauses,
    numbers_found => 4 + @bad, dead_letters => 0 }, 'all is counted');


# nothing of it shows where clients are counted

my ($last) = wait_for_number($t, $n + 50);

due($t, $last);
($call) = $services->calls(1);
like($t->get('/stub')->body(), qr/^Active connections: 2 .*Reading: 0 Writing: 2 /ms,
    'one connection more while it asks');
$services->say($call, data(envelope('null')), end => 1);
ok(await(10, sub { message($t, $last) ne 'waits' }), 'the number comes');
like($t->get('/stub')->body(), qr/^Active connections: 1 .*Reading: 0 Writing: 1 /ms,
    'and none afterwards');

open(my $in, '<', $log) or die "$log: $!\n";
is_deeply([ sort keys { map { m{^(/[a-z-]*)} ? ($1 => 1) : ($_ => 1) } <$in> }->%* ],
    [ qw(/bb-services /stores /stub) ], 'the access log has only clients and calls');
is(scalar(() = $t->nginx()->log_text() =~ /limiting/g), 0, 'and no limit met');

$t->done();
