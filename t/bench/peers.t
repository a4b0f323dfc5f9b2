# The OpenResty peer of the benchmark answers as the module does.  (The Node.js
# one needs packages: bench/t/node.t, run by make bench-test.)

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";

use BB::Peer;

BB::Peer::check('openresty');
