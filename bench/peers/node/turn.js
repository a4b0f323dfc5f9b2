// turn.js: what is written to a connection in one turn of the event loop leaves in
// one write.

'use strict';

const held = new Set();


// Call it before writing.
exports.hold = function (stream) {
    if (held.size === 0) {
        setImmediate(release);          // after all reads of this turn
    }

    if (!held.has(stream)) {
        held.add(stream);
        stream.cork();
    }
};


function release() {
    for (const stream of held) {
        stream.uncork();
    }

    held.clear();
}
