// postgres.js: prepared statements over a few connections.

'use strict';

const pg = require('pg');

const TIMEOUT = 5000;


// options: as of pg;  count: connections;  pipeline: several queries at a time on
// each, else one
exports.create = function (options, count, pipeline) {
    options = {
        ...options,
        connectionTimeoutMillis: TIMEOUT,
        query_timeout: TIMEOUT,
        keepAlive: true,
    };

    return pipeline ? lanes(options, count) : pool(options, count);
};


function pool(options, count) {
    const all = new pg.Pool({ ...options, max: count, idleTimeoutMillis: 0 });

    all.on('error', (err) => console.error(`postgres: ${err.message}`));

    return {
        ready: async () => { await all.query('SELECT'); },
        query: (statement, values, callback) =>
            all.query({ ...statement, values }, callback),
    };
}


// Each query is a transaction of its own, also when others were sent before its
// answer: every one has its Sync.
function lanes(options, count) {
    const clients = [];
    let next = 0;

    function connect() {
        const client = new pg.Client({ ...options, pipeline: true });

        client.on('error', (err) => console.error(`postgres: ${err.message}`));
        client.on('end', () => {
            const i = clients.indexOf(client);

            if (i >= 0) {
                clients.splice(i, 1);
            }

            setTimeout(() => connect().catch(() => {}), 100);
        });

        return client.connect().then(() => clients.push(client));
    }

    return {
        ready: () => Promise.all(Array.from({ length: count }, connect)),
        query: (statement, values, callback) => {
            if (clients.length === 0) {
                process.nextTick(callback, new Error('no connection'));
                return;
            }

            next = (next + 1) % clients.length;
            clients[next].query({ ...statement, values }, callback);
        },
    };
}
