# The Node.js peer of the benchmark answers as the module does.

use v5.36;
use FindBin;
use lib "$FindBin::Bin/../../t/lib";

use BB::Peer;

BB::Peer::check('node');
