// Starts, reloads on SIGHUP, ends on SIGTERM and SIGINT when the requests that are under way are answered.
import { readCatalog } from './catalog.js';
import { readConfig } from './config.js';
import { Database, makePool } from './database.js';
import { makeServer } from './server.js';

const config = readConfig(process.env);
const pool = makePool(config);
let catalog = await readCatalog(pool, config.anonRole);
const app = makeServer({ config, database: new Database(pool), catalog: () => catalog });
pool.on('error', (error) => app.log.warn({ reason: error.message }, 'an idle connection was lost'));

process.on('SIGHUP', () => {
    readCatalog(pool, config.anonRole).then(
        (fresh) => {
            catalog = fresh;
            app.log.info({ functions: catalog.functions.size }, 'catalog read again');
        },
        (error: unknown) => app.log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'the catalog cannot be read'),
    );
});

let ending = false;
const end = (signal: string): void => {
    if (ending) return;
    ending = true;
    app.log.info({ signal }, 'ending');
    app.close().then(() => pool.end()).then(() => process.exit(0), () => process.exit(1));
};
process.on('SIGTERM', () => end('SIGTERM'));
process.on('SIGINT', () => end('SIGINT'));

await app.listen({ host: config.host, port: config.port });
app.log.info({ functions: catalog.functions.size, pre_request: catalog.hasPreRequest }, 'catalog read');
