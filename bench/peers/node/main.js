// main.js: the Node.js peer's processes, one for each worker.

'use strict';

const cluster = require('cluster');
const server = require('./server');

const workers = Number(process.env.BB_WORKERS);

if (workers === 1) {
    process.on('SIGTERM', () => process.exit(0));
    run();

} else if (cluster.isPrimary) {
    supervise();

} else {
    // ends by itself when the primary is gone
    run();
}


function run() {
    server.start().catch((err) => {
        console.error(err);
        process.exit(1);
    });
}


function supervise() {
    let ending = false;

    cluster.on('exit', (worker) => {
        if (!ending) {
            console.error(`worker ${worker.process.pid} ended`);
            cluster.fork();

        } else if (Object.keys(cluster.workers).length === 0) {
            process.exit(0);
        }
    });

    process.on('SIGTERM', () => {
        ending = true;

        for (const worker of Object.values(cluster.workers)) {
            worker.process.kill('SIGTERM');
        }
    });

    for (let i = 0; i < workers; i++) {
        cluster.fork();
    }
}
