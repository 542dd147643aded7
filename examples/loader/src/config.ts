// What the environment says. PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD are node-postgres' own.

export interface Config {
    readonly host: string;
    readonly port: number;
    readonly databaseUrl: string | undefined;
    readonly poolSize: number;
    readonly statementTimeoutMs: number;
    readonly anonRole: string;
    readonly jwtSecret: string | undefined;
    readonly jwksUrl: string | undefined;
    readonly issuer: string | undefined;
    readonly audience: string | undefined;
    readonly bodyLimit: number;
    readonly logLevel: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(environment: Environment): Config {
    const text = (name: string): string | undefined => environment[name] || undefined;
    const count = (name: string, otherwise: number, least: number, most: number): number => {
        const given = text(name);
        if (given === undefined) return otherwise;
        const value = Number(given);
        if (!Number.isInteger(value) || value < least || value > most)
            throw new Error(`${name} must be a whole number from ${least} to ${most}`);
        return value;
    };
    const secret = text('JWT_SECRET');
    if (secret !== undefined && Buffer.byteLength(secret) < 32) throw new Error('JWT_SECRET must have at least 32 bytes');
    return {
        host: text('LOADER_HOST') ?? '127.0.0.1',
        port: count('LOADER_PORT', 3000, 0, 65535),
        databaseUrl: text('DATABASE_URL'),
        poolSize: count('LOADER_POOL_SIZE', 10, 1, 1000),
        statementTimeoutMs: count('LOADER_STATEMENT_TIMEOUT_MS', 8000, 1, 600_000),
        anonRole: text('LOADER_ANON_ROLE') ?? 'anon',
        jwtSecret: secret,
        jwksUrl: text('JWT_JWKS_URL'),
        issuer: text('JWT_ISSUER'),
        audience: text('JWT_AUDIENCE'),
        bodyLimit: count('LOADER_BODY_LIMIT', 1_048_576, 1024, 104_857_600),
        logLevel: text('LOADER_LOG_LEVEL') ?? 'info',
    };
}
