// Rows as text/csv (RFC 4180): NULL is empty, a text with a comma, quote or line break is quoted.
import type { SqlFunction } from './catalog.js';

const cell = (value: unknown): string => {
    const text = typeof value === 'string' ? value : '';
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** @param body a JSON array of arrays of texts, in the order of the function's columns */
export function toCsv(fn: SqlFunction, body: string): string {
    const rows: unknown = JSON.parse(body);
    const lines = (Array.isArray(rows) ? rows : []).map((row: unknown) => (Array.isArray(row) ? row : []).map(cell).join(','));
    return [fn.columns.map((column) => cell(column.name)).join(','), ...lines, ''].join('\r\n');
}
