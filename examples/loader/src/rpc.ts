// /rpc/<function>: every function of the schema `analytics`, in the dialect of PostgREST, so that its clients work.
import type { Catalog, SqlFunction } from './catalog.js';
import { HttpError } from './errors.js';
import { asText, members, wholeBody, type Body, type Query } from './input.js';
import type { Values } from './statement.js';

const notFound = (name: string, keys: readonly string[], hint?: string): HttpError =>
    new HttpError(404, `Could not find the function analytics.${name}${keys.length > 0 ? `(${keys.join(', ')})` : ' without parameters'} in the schema cache`,
        undefined, `Searched for the function analytics.${name} with these parameters, found none.`, hint, [], 'PGRST202');

export function findFunction(catalog: Catalog, name: string): SqlFunction {
    const fn = catalog.functions.get(name);
    if (fn === undefined) throw notFound(name.slice(0, 100), []);
    return fn;
}

export function checkProfile(profile: string | undefined): void {
    if (profile !== undefined && profile !== 'analytics')
        throw new HttpError(406, 'Invalid schema', undefined, undefined, 'Only the schema analytics is exposed.', [], 'PGRST106');
}

/** The set of names must be one that the function can be called with. */
function check(fn: SqlFunction, keys: readonly string[]): void {
    const known = fn.arguments.map((argument) => argument.name);
    const missing = fn.arguments.filter((argument) => argument.required && !keys.includes(argument.name));
    if (missing.length > 0 || keys.some((key) => !known.includes(key)))
        throw notFound(fn.name, keys, `It takes: ${fn.arguments.map((a) => (a.required ? a.name : `${a.name} (optional)`)).join(', ') || 'nothing'}.`);
}

export function fromQuery(fn: SqlFunction, query: Query): Values {
    const keys = Object.keys(query);
    if (fn.takesBody) throw notFound(fn.name, keys, 'It takes the body of a POST.');
    check(fn, keys);
    const texts = new Map<string, string>();
    for (const argument of fn.arguments) {
        const value = query[argument.name];
        if (value !== undefined) texts.set(argument.name, asText(argument.name, value, argument));
    }
    return { texts };
}

export function fromBody(fn: SqlFunction, body: Body | undefined): Values {
    if (fn.takesBody) return wholeBody(fn, body);
    const given = members(body);
    const keys = Object.keys(given?.object ?? {});
    check(fn, keys);
    return given === undefined ? { texts: new Map() } : { texts: new Map(), json: { text: given.text, keys } };
}

/** A text of a media type of its own is JSON, as everything is, unless the client asks for that type. */
export function asAccepted(fn: SqlFunction, accept: string | undefined): SqlFunction {
    if (fn.shape !== 'text file' || fn.mediaType === undefined || accept?.includes(fn.mediaType) === true) return fn;
    return { ...fn, shape: 'scalar' };
}

const singular = /application\/vnd\.pgrst\.object\+json/;

/** A client that wants one object (`.single()`) gets the one row there is, or 406. */
export function single(fn: SqlFunction, accept: string | undefined, body: string): string {
    if (fn.shape !== 'rows' || !singular.test(accept ?? '')) return body;
    const rows: unknown = JSON.parse(body);
    const count = Array.isArray(rows) ? rows.length : 0;
    if (count !== 1)
        throw new HttpError(406, 'Cannot coerce the result to a single JSON object', undefined, `The result contains ${count} rows`, undefined, [], 'PGRST116');
    return body.trim().replace(/^\[/, '').replace(/\]$/, '');
}
