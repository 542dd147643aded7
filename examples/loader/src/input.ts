// From a request to the arguments of a function.
import type { Argument, SqlFunction } from './catalog.js';
import { HttpError } from './errors.js';
import { pathArguments, queryParameters, type Line } from './routes.js';
import type { Format, Values } from './statement.js';

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a content type parser has made of a body. */
export type Body =
    | { readonly kind: 'json'; readonly text: string; readonly value: unknown }
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'bytes'; readonly bytes: Buffer };

const invalid = (message: string, detail?: string, hint?: string): HttpError => new HttpError(400, message, '22023', detail, hint);
const listed = (names: Iterable<string>): string => [...names].join(', ') || 'none';

/** The members of a JSON object; nothing where there is no body. */
export function members(body: Body | undefined): { text: string; object: Readonly<Record<string, unknown>> } | undefined {
    if (body === undefined) return undefined;
    if (body.kind !== 'json' || typeof body.value !== 'object' || body.value === null || Array.isArray(body.value))
        throw invalid('the body must be a JSON object', undefined, 'Arguments go by name: {"name": value}.');
    return { text: body.text, object: { ...body.value } };
}

/** The whole body, for a function whose one argument has no name. */
export function wholeBody(fn: SqlFunction, body: Body | undefined): Values {
    const type = fn.arguments[0]?.type ?? 'text';
    if (body === undefined) throw invalid('the body is missing');
    if (type === 'json' || type === 'jsonb') {
        if (body.kind !== 'json') throw new HttpError(415, 'the body must be JSON', undefined, undefined, 'Send Content-Type: application/json.');
        return { texts: new Map(), body: body.text };
    }
    if (type === 'bytea') return { texts: new Map(), body: body.kind === 'bytes' ? body.bytes : Buffer.from(body.text) };
    return { texts: new Map(), body: body.kind === 'bytes' ? body.bytes.toString() : body.text };
}

/** A value of a query as PostgreSQL reads it. Arrays come as a=1&a=2, a=1,2 or a={1,2}. */
export function asText(name: string, value: string | readonly string[], argument: Argument): string {
    const list = typeof value === 'string' ? [value] : value;
    if (argument.type.endsWith('[]')) {
        const first = list[0] ?? '';
        if (list.length === 1 && first.startsWith('{')) return first;
        const items = list.flatMap((item) => item.split(',')).filter((item) => item !== '');
        return `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
    }
    if (list.length !== 1) throw invalid(`${name} is given more than once`);
    const text = list[0] ?? '';
    const shown = `${name} is ${JSON.stringify(text.slice(0, 100))}.`;
    if (/^(integer|bigint|smallint)$/.test(argument.type) && !/^[+-]?\d{1,19}$/.test(text)) throw invalid(`${name} must be a whole number`, shown, 'Pass digits only.');
    if (/^(numeric|double precision|real)$/.test(argument.type) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw invalid(`${name} must be a number`, shown, 'Write it as 12.5.');
    if (argument.type === 'boolean' && !/^(true|false)$/i.test(text)) throw invalid(`${name} must be true or false`, shown, 'Pass true or false.');
    return text;
}

function argumentOf(functions: readonly SqlFunction[], name: string): Argument | undefined {
    for (const fn of functions) {
        const found = fn.arguments.find((argument) => argument.name === name);
        if (found !== undefined) return found;
    }
    return undefined;
}

interface Input {
    readonly values: Values;
    readonly format: Format;
}

/** Path, query and body of a line of the table. */
export function readInput(line: Line, functions: readonly SqlFunction[], path: Query, query: Query, body: Body | undefined): Input {
    const [first] = functions;
    if (first?.takesBody === true) return { values: wholeBody(first, body), format: 'as declared' };
    const texts = new Map<string, string>();
    const put = (name: string, argumentName: string, value: string | readonly string[]): void => {
        const argument = argumentOf(functions, argumentName);
        if (argument !== undefined) texts.set(argumentName, asText(name, clamped(line, name, value), argument));
    };

    const allowed = new Map(line.query.map((parameter) => [parameter.name, parameter.argument]));
    for (const parameter of queryParameters(line, (name) => argumentOf(functions, name) !== undefined)) allowed.set(parameter.name, parameter.argument);
    if (line.extras.queryOrBody === true) for (const argument of first?.arguments ?? []) allowed.set(argument.name, argument.name);
    for (const [name, value] of Object.entries(query)) {
        const argument = allowed.get(name);
        if (argument === undefined) throw invalid('unknown query parameter', `${JSON.stringify(name.slice(0, 100))} is not known here.`, `Allowed: ${listed(allowed.keys())}.`);
        if (value !== undefined) put(name, argument, value);
    }
    const inPath = pathArguments(line.path);
    for (const name of inPath) put(name, name, path[name] ?? '');

    let json: Values['json'];
    let format: Format = line.extras.as !== undefined ? { keys: line.extras.as } : 'as declared';
    const given = line.method === 'GET' ? undefined : members(body);
    if (given !== undefined) {
        const names = (first?.arguments ?? []).map((argument) => argument.name).filter((name) => !inPath.includes(name));
        const own = line.extras.csv === true ? ['format'] : [];
        for (const key of Object.keys(given.object)) {
            if (own.includes(key)) continue;
            if (!names.includes(key)) throw invalid('unknown argument', `${JSON.stringify(key.slice(0, 100))} is not an argument here.`, `Allowed: ${listed([...names, ...own])}.`);
            if (texts.has(key)) throw invalid(`${key} is given twice`, 'It is in the query and in the body.');
        }
        json = { text: given.text, keys: Object.keys(given.object).filter((key) => !own.includes(key)) };
        const wanted = own.includes('format') ? (given.object['format'] ?? 'json') : 'json';
        if (wanted !== 'json' && wanted !== 'csv') throw invalid('format must be json or csv', `format is ${JSON.stringify(wanted)}.`, 'Leave it out for json.');
        if (wanted === 'csv') format = 'csv';
    }
    for (const fn of functions)
        for (const argument of fn.arguments)
            if (argument.required && !texts.has(argument.name) && json?.keys.includes(argument.name) !== true)
                throw invalid(`${argument.name} is missing`, `${argument.name} (${argument.type}) has no default.`, `Pass ${argument.name}.`);
    return { values: json !== undefined ? { texts, json } : { texts }, format };
}

function clamped(line: Line, name: string, value: string | readonly string[]): string | readonly string[] {
    const most = line.extras.atMost?.[name];
    return most !== undefined && typeof value === 'string' && /^\d{1,9}$/.test(value) && Number(value) > most ? String(most) : value;
}
