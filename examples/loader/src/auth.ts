// Who asks: the claims of a JSON Web Token, signed with a shared secret (HS256) or by a key of a JWKS (RS256).
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { Config } from './config.js';
import { HttpError } from './errors.js';

export interface Caller {
    readonly role: string;
    /** As JSON, what request.jwt.claims gets. */
    readonly claims: string;
    readonly hasToken: boolean;
}

export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

const refused = (message: string, code = 'PGRST301'): HttpError =>
    new HttpError(401, message, undefined, undefined, 'Send a valid token: Authorization: Bearer <JWT>.', [['WWW-Authenticate', 'Bearer error="invalid_token"']], code);

/** No reason is given beyond these: what exactly was wrong with a signature helps a forger only. */
function reason(error: unknown): HttpError {
    if (error instanceof errors.JWTExpired) return refused('The token has expired', 'PGRST303');
    if (error instanceof errors.JWTClaimValidationFailed) return refused(`The token's claim "${error.claim}" is not accepted`, 'PGRST303');
    // The generic one: the address of the keys answered something else than keys.
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC') return new HttpError(503, 'The keys that sign tokens cannot be had');
    return refused('The token is not valid');
}

export function authenticator(config: Config): Authenticate {
    const options: JWTVerifyOptions = {
        clockTolerance: 30,
        ...(config.issuer !== undefined && { issuer: config.issuer }),
        ...(config.audience !== undefined && { audience: config.audience }),
    };
    const secret = config.jwtSecret !== undefined ? new TextEncoder().encode(config.jwtSecret) : undefined;
    const keys = config.jwksUrl !== undefined ? createRemoteJWKSet(new URL(config.jwksUrl)) : undefined;
    // Each key is tried with its own algorithm only: a public key must never serve as a shared secret.
    const verify = async (token: string): Promise<JWTPayload> => {
        const asymmetric = /^[A-Za-z0-9_-]+\./.test(token) && algorithm(token) === 'RS256';
        if (keys !== undefined && (asymmetric || secret === undefined)) return (await jwtVerify(token, keys, { ...options, algorithms: ['RS256'] })).payload;
        if (secret !== undefined) return (await jwtVerify(token, secret, { ...options, algorithms: ['HS256'] })).payload;
        throw new errors.JWTInvalid('no key');
    };
    return async (authorization) => {
        if (authorization === undefined) return { role: config.anonRole, claims: JSON.stringify({ role: config.anonRole }), hasToken: false };
        const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
        if (token === undefined) throw refused('Authorization must be Bearer');
        let payload: JWTPayload;
        try {
            payload = await verify(token);
        } catch (error) {
            throw reason(error);
        }
        const role = payload['role'] ?? config.anonRole;
        // "none" would lead back to the login role.
        if (typeof role !== 'string' || role === '' || role.toLowerCase() === 'none') throw refused('The token\'s role is not accepted');
        return { role, claims: JSON.stringify({ ...payload, role }), hasToken: true };
    };
}

function algorithm(token: string): unknown {
    try {
        const head: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString());
        return typeof head === 'object' && head !== null && 'alg' in head ? head.alg : undefined;
    } catch {
        return undefined;
    }
}
