import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { resolve } = createRequire(__filename);

const versionIn = (path: string): string =>
  (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;

/** Of what the results depend on in the runner's own process; those of the runtimes are in each run. */
export function versions(): Record<string, string> {
  return {
    'microjoule-study': versionIn(join(__dirname, '..', 'package.json')),
    microjoule: versionIn(resolve('microjoule/package.json')),
    'microjoule-models': versionIn(resolve('microjoule-models/package.json')),
    node: process.version,
  };
}
