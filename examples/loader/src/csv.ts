// Rows as text/csv (RFC 4180): NULL is empty, a text with a comma, quote or line break is quoted. What a spreadsheet would take
// for a formula gets an apostrophe, as OWASP advises; numbers keep their sign.
import type { SqlFunction } from './catalog.js';

const isNumber = /^[-+]?[0-9.]+(e[-+]?[0-9]+)?$/i;

const cell = (value: unknown): string => {
    const given = typeof value === 'string' ? value : '';
    const text = /^[=+\-@\t\r]/.test(given) && !isNumber.test(given) ? `'${given}` : given;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** @param body a JSON array of arrays of texts, in the order of the function's columns */
export function toCsv(fn: SqlFunction, body: string): string {
    const rows: unknown = JSON.parse(body);
    const lines = (Array.isArray(rows) ? rows : []).map((row: unknown) => (Array.isArray(row) ? row : []).map(cell).join(','));
    return [fn.columns.map((column) => cell(column.name)).join(','), ...lines, ''].join('\r\n');
}
