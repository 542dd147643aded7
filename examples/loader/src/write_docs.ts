import { readFileSync, writeFileSync } from 'node:fs';
import { withPaths } from './docs.js';

const file = new URL('../README.md', import.meta.url);
const text = withPaths(readFileSync(file, 'utf8'));
if (text === undefined) throw new Error('README.md has no section of paths');
writeFileSync(file, text);
