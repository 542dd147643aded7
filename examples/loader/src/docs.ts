// The section of README.md that lists the paths, made from the table.
import { sections, type Line } from './routes.js';

export const begin = '<!-- paths: made by "npm run docs" -->';
export const end = '<!-- end of paths -->';

function queryOf(line: Line): string {
    const words = line.query.map(({ name, argument }) => (name === argument ? name : `${name} (${argument})`));
    for (const [name, most] of Object.entries(line.extras.atMost ?? {})) words.push(`${name} above ${most} counts as ${most}`);
    if (line.method !== 'GET') words.push(line.extras.queryOrBody === true ? 'arguments as query or body' : 'arguments in the body');
    if (line.extras.csv === true) words.push('format: json or csv');
    if (line.extras.writes === true) words.push('writes');
    return words.join(', ');
}

function functionsOf(line: Line): string {
    const names = line.functions.map((name) => `\`${name}\``).join(', ');
    return line.extras.as === undefined ? names : `${names} as ${line.extras.as.map((key) => `\`${key}\``).join(', ')}`;
}

export function pathsSection(): string {
    const parts = sections.map((section) => {
        const under = section.prefixes.map((prefix) => (prefix === '' ? 'no prefix' : `\`${prefix}\``)).join(' and ');
        const lines = section.lines.map((line) => `| ${line.method} \`${line.path}\` | ${functionsOf(line)} | ${queryOf(line)} |`);
        return [`### ${section.title}: ${under}`, '', '| path | function | query and body |', '|---|---|---|', ...lines].join('\n');
    });
    return [begin, '', parts.join('\n\n'), '', end].join('\n');
}

/** @returns the text with its section of paths replaced; undefined where it has no place for one */
export function withPaths(readme: string): string | undefined {
    const from = readme.indexOf(begin);
    const to = readme.indexOf(end);
    return from < 0 || to < from ? undefined : readme.slice(0, from) + pathsSection() + readme.slice(to + end.length);
}
