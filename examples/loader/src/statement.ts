// A call of a function as SQL: every argument by name, its type from the catalog, its value a parameter.
import type { SqlFunction } from './catalog.js';

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export interface Values {
    /** Arguments as text, as they stand in a path or a query. */
    readonly texts: ReadonlyMap<string, string>;
    /** A JSON object as it came, and which of its keys are arguments. PostgreSQL converts it, so no digit is lost. */
    readonly json?: { readonly text: string; readonly keys: readonly string[] };
    /** The whole body, for a function whose one argument has no name. */
    readonly body?: string | Buffer;
}

export const noValues: Values = { texts: new Map() };

export class Parameters {
    readonly values: (string | Buffer)[] = [];

    add(value: string | Buffer, type: string): string {
        this.values.push(value);
        return `$${this.values.length}::${type}`;
    }
}

interface Call {
    readonly from: string;
    readonly result: string;
}

function call(fn: SqlFunction, values: Values, parameters: Parameters): Call {
    const given: string[] = [];
    let from = '';
    const wanted = new Map(fn.arguments.map((argument) => [argument.name, argument.type]));
    if (values.body !== undefined) {
        given.push(parameters.add(values.body, fn.arguments[0]?.type ?? 'text'));
    } else {
        for (const [name, value] of values.texts) {
            const type = wanted.get(name);
            if (type !== undefined) given.push(`${quote(name)} => ${parameters.add(value, type)}`);
        }
        const keys = (values.json?.keys ?? []).filter((key) => wanted.has(key));
        if (values.json !== undefined && keys.length > 0) {
            const columns = keys.map((key) => `${quote(key)} ${wanted.get(key)}`);
            from = `pg_catalog.json_to_record(${parameters.add(values.json.text, 'json')}) AS body(${columns.join(', ')}), LATERAL `;
            given.push(...keys.map((key) => `${quote(key)} => body.${quote(key)}`));
        }
    }
    return { from: `${from}analytics.${quote(fn.name)}(${given.join(', ')}) AS result`, result: 'result' };
}

/** The answer of one function as text: JSON, or the file itself. */
function bodyOf(fn: SqlFunction, values: Values, parameters: Parameters): string {
    const { from, result } = call(fn, values, parameters);
    switch (fn.shape) {
        case 'rows':
            return `(SELECT coalesce(pg_catalog.json_agg(${result}), '[]')::text FROM ${from})`;
        case 'row':
            return `(SELECT pg_catalog.row_to_json(${result})::text FROM ${from})`;
        case 'scalar':
            return `(SELECT coalesce(pg_catalog.to_json(${result})::text, 'null') FROM ${from})`;
        case 'document':
            return `(SELECT coalesce(${result}::text, 'null') FROM ${from})`;
        case 'nothing':
            return `(SELECT ''::text FROM ${from})`;
        case 'text file':
            return `(SELECT ${result}::text FROM ${from})`;
        case 'binary file':
            return `(SELECT ${result}::bytea FROM ${from})`;
    }
}

/** Each row as an array of texts, for a table with commas. */
function rowsOf(fn: SqlFunction, values: Values, parameters: Parameters): string {
    const { from, result } = call(fn, values, parameters);
    const cells = fn.columns.map((column) => `${result}.${quote(column.name)}::text`);
    return `(SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(${cells.join(', ')})), '[]')::text FROM ${from})`;
}

export interface Statement {
    readonly text: string;
    readonly values: readonly (string | Buffer)[];
}

export type Format = 'as declared' | 'csv' | { readonly keys: readonly string[] };

/** The headers and the status that functions have set are read after the answer: OFFSET 0 keeps the order. */
export function statementFor(functions: readonly SqlFunction[], values: Values, format: Format): Statement {
    const parameters = new Parameters();
    const parts = functions.map((fn) =>
        format === 'csv' ? rowsOf(fn, values, parameters) : bodyOf(fn, values, parameters),
    );
    const body = typeof format === 'object'
        ? `pg_catalog.json_build_object(${parts.map((part, i) => `'${format.keys[i] ?? i}', ${part}::json`).join(', ')})::text`
        : (parts[0] ?? "''");
    return {
        text: `SELECT answer.body, pg_catalog.current_setting('response.headers', true) AS headers,
                      pg_catalog.current_setting('response.status', true) AS status
               FROM (SELECT ${body} AS body OFFSET 0) AS answer`,
        values: parameters.values,
    };
}
