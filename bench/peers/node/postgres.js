// postgres.js: prepared statements over a few pipelined connections.

'use strict';

const pg = require('pg');
const turn = require('./turn');

const TIMEOUT = 5000;


// options: as of pg;  count: connections, each shared by all requests.  Every query
// has its Sync, so that it is a transaction of its own, also when others were sent
// before its answer.
exports.create = function (options, count) {
    const clients = [];
    let next = 0;

    options = {
        ...options,
        pipeline: true,
        keepAlive: true,
        connectionTimeoutMillis: TIMEOUT,
        query_timeout: TIMEOUT,
    };

    function connect() {
        const client = new pg.Client(options);

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
            turn.hold(clients[next].connection.stream);
            clients[next].query({ ...statement, values }, callback);
        },
    };
};
