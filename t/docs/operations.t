# docs/operations.md: the answers, log lines and commands that it shows are those of
# the module.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;

use BB::Answer;
use BB::Process qw(await);
use BB::Test;

my $ROOT = "$FindBin::Bin/../..";

sub slurp($file) {
    open(my $in, '<', $file) or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

my $page = slurp("$ROOT/docs/operations.md");

sub section($title) {
    my ($text) = $page =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms;
    return $text // die "no section \"$title\"\n";
}



my ($acl) = section('Redis') =~ /`(~\{bb:\*\}\* [^`]+)`/;
my $t = BB::Test->new(nginx => 0, workers => 1, http => 'bb_store_sweep 300ms;',
    coupons => [ { id => 1 } ])->run();

# everything below goes through a Redis user with no more than these rights
ok($acl, 'rights of a Redis user');
is($t->redis()->cmd(qw(ACL SETUSER store on >secret), split(/ /, $acl)), 'OK',
    'are given');

my $password = $t->dir() . '/nginx/password';

open(my $out, '>', $password) or die "password: $!\n";
print $out "secret\n";
close($out);

$t->nginx()->configure(redis_args => "user=store password_file=$password");
$t->nginx()->start();


# health

my $ops = $t->client('ops');
my ($shown) = section('Health and status') =~ /^```json\n(.*)\n```$/m;

ok(await(10, sub { $ops->request('GET', '/readyz')->status() == 200 }), 'ready');
is($ops->request('GET', '/readyz')->body(), $shown, '/readyz');
is($ops->request('GET', '/livez')->body(), '{"status":"ok"}', '/livez');
like(section('Health and status'), qr/`\{"status":"ok"\}`/, 'as on the page');

is($t->claim(1, user => 100), ISSUED, 'a draw');

my $status = decode_json($ops->request('GET', '/ops/status')->body());
my %answered;

sub flatten($value, $path) {
    if (ref $value eq 'ARRAY') {
        flatten($_, "${path}[]") for @$value;

    } elsif (ref $value eq 'HASH' and $path !~ /batch_sizes\z/) {
        flatten($value->{$_}, $path eq '' ? $_ : $path eq 'breakers' ? "$path.…"
            : "$path.$_") for keys %$value;

    } else {
        $answered{$path} = 1;
    }
}

flatten($status, '');

# ".a" goes on from the row "workers[]" or "breakers.…" before it, and within a row
# ".c" after ".a.b" from ".a"; "…" stands for each operation, or for the rest
my (%shown, @rest);
my $within = '';

for my $row (section('Health and status') =~ /^\| (`.*?) \|/mg) {
    my $group;

    for my $name ($row =~ /`([^`]+)`/g) {
        if ($name eq 'workers[]') {
            $within = $name;
            next;
        }

        next if $name !~ /\A\.?[a-z_]+\./ and $name !~ /\A(?:\.[a-z_]+|started|now)\z/;

        my $path = $name;

        if ($name =~ /\A\./) {
            $path = $group ? "$group$name" : "$within$name";

        } else {
            $within = $1 if $name =~ /\A(breakers\.…)/;
        }

        ($group) = $path =~ /\A(workers\[\]\.\w+)\.\w+\z/ if not $group;
        $path =~ s/\.…\z// ? push(@rest, $path) : ($shown{$path} = 1);
    }
}

for my $path (sort keys %answered) {
    ok($shown{$path} || grep({ $path =~ /\A\Q$_\E\./ } @rest), "/ops/status: $path");
}

is_deeply([ grep { not $answered{$_} } sort keys %shown ], [], 'no other field');

my $source = join('', map { slurp($_) } glob("$ROOT/*.c"),
    glob("$ROOT/src/*/*.c")) =~ s/"\s*\n\s*"//gr =~ s/\\"/'/gr;

for my $reason (section('Health and status') =~ /`((?:no|connection|queue|is|the) [^`]+)`/g)
{
    ok(index($source, $reason =~ s/\s+/ /gr) >= 0, "/readyz: $reason");
}


# log lines

my %level = (error => 'ERR', warn => 'WARN', notice => 'NOTICE', info => 'INFO');
my @logged = $source =~ /ngx_log_error\(NGX_LOG_(ERR|WARN|NOTICE|INFO),[^;"]*
    "bb_store:?\ ([^"]*)"/xg;
my (@lines, %explained);

while (my ($level, $text) = splice(@logged, 0, 2)) {
    push @lines, "$level $text";
}

for my $row (section('Log lines') =~ /^\| (\w+ \| `.*?`) \| [^|]+ \|$/mg) {
    my ($level, $shown) = $row =~ /\A(\w+) \| (.*)/;

    for my $line ($shown =~ /`([^`]+)`/g) {
        my $text = join('', map { $_ eq '…' ? '.+' : $_ eq 'N' ? '%\w+' : quotemeta }
            split(/(…|\bN\b)/, $line =~ s/"/'/gr));
        my @found = grep { /\A$level{$level} $text\z/ } @lines;

        ok(scalar @found, "$level: $line");
        $explained{$_} = 1 for @found;
    }
}

is_deeply([ grep { not $explained{$_} and not /\AINFO/ } @lines ], [],
    'every other line is explained, too');


# commands, on coupon 1

sub commands($title) {
    my @blocks = section($title) =~ /^```sh\n(.*?)^```$/msg;

    return grep { /redis-cli/ } @blocks;
}

my $said;

sub sh($text) {
    my $port = $t->redis()->port();

    open(my $file, '>', $t->dir() . '/commands') or die "commands: $!\n";
    print $file qq(redis-cli() { command redis-cli -p $port "\$@"; }\n$text);
    close($file);

    $said = `bash -e @{[ $t->dir() ]}/commands 2>&1`;
    return $? == 0;
}

my $hold = $t->db()->hold_coupons(1);
my @waiting = $t->begin_draws(1, [ 5 ]);
my ($look) = commands('Redis');

ok(sh($look), 'a look at the intent log');
like($said, qr/^claims\n\[\[5,"봄이","01012345678",\d+\]\]$/m, 'what it shows');
$hold->rollback();
is(verdict($waiting[0]->answer()), ISSUED, 'the claim is stored');
ok($t->settled(), 'and leaves the log');

my ($list, $replay) = commands('Dead letters');
my ($user, $claim) = $replay =~ /claims '\[\[(\d+),.*?,(\d+)\]\]'/;
my ($id) = $replay =~ /XDEL '[^']+' (\S+)/;

$t->redis()->cmd('XADD', '{bb:1}:claims:dead', $id, 'coupon', 1, 'claims', 'x',
    'reason', 'test');
ok(sh($list), 'a look at the dead letters');
like($said, qr/^\Q$id\E$/m, 'what it shows');
ok(sh($replay), 'a dead letter is replayed');
is($t->redis()->cmd('XLEN', '{bb:1}:claims:dead'), 0, 'and gone');
ok($t->settled(), 'the sweep stores it');
is($t->db()->value('SELECT claim FROM issued_coupon WHERE coupon_id = 1
    AND user_id = ?', $user), $claim, 'with its claim id');
ok(await(10, sub { grep { $_ == $user } $t->members(1) }), 'its user is a member');

# a message without a phone number

sub statements() { return section('Dead letters') =~ /^```sql\n(.*?)^```$/msg }

my ($letters, $replay_message, $waiting) = statements();
my $payload = q({"whoToNotify":{"userId":3214567890,"phoneNumber":null},)
    . q("publishInformation":{"notificationKind":"INQUERY","eventId":"e1"}});

$t->db()->do("INSERT INTO dead_letter (source, payload, reason)
    VALUES ('inquery-response-notification-queue', ?, 'r1'), ('other', '{}', 'r2')",
    $payload);
is_deeply([ map { $_->[3] } $t->db()->rows($letters) ], [ $payload ], 'dead letters');
$t->db()->do($replay_message);
is(scalar(() = $t->db()->rows($letters)), 0, 'they are let wait again');
is(scalar(() = $t->db()->rows($waiting)), 1, 'as is shown');
is_deeply([ $t->db()->rows('SELECT channel, payload, phone_of, attempts FROM outbox') ],
    [ [ 'inquery-response-notification-queue', $payload, 3214567890, 0 ] ],
    'for the number of the same user');

# the audit

my ($audit) = section('Audit') =~ /^```sh\n(.*?)^```$/ms;
my $port = $t->nginx()->port('ops');

$t->redis()->cmd('SADD', $t->key(1, ':issued'), 99);

my @reports = map { sh('curl -sS ' . s/127\.0\.0\.1:\d+/127.0.0.1:$port/r) ?
    decode_json($said) : {} } $audit =~ /^curl (.*\n)/mg;

is_deeply([ map { $_->{consistent} ? 1 : 0 } @reports ], [ 0, 1, 1, 1 ],
    'audits: a difference, its repair, all coupons, their repair');
is_deeply([ $t->members(1) ], [ $t->holders(1) ], 'members are those with a row');

my %field = map { $_ => 1 } map { /`(\w+)`/g }
    section('Audit') =~ /^\| (`.*?) \|$/mg;

is_deeply([ grep { not $field{$_} } sort map { keys %$_ } @reports[ 0, 1 ] ],
    [], 'its fields are explained');
is_deeply([ grep { not section('Audit') =~ /`$_`/ } sort keys $reports[3]->%* ],
    [], 'those of all, too');

$t->done();
