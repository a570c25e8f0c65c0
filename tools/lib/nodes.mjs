import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { must, root } from './run.mjs';

// Exact, so that a run can be repeated; from npm, so that nothing but a registry is needed.
const OTHERS = ['24.21.0', '22.23.3'];

/** This Node and one of another major version: the suite runs on both. */
export function nodesToTest() {
  const running = process.versions.node.split('.')[0];
  const other = OTHERS.find((version) => version.split('.')[0] !== running);
  return [{ path: process.execPath, version: process.version }, installed(other)];
}

function installed(version) {
  const name = `node-linux-${process.arch}`;
  const prefix = join(root, '.nodes', version);
  const path = join(prefix, 'node_modules', name, 'bin', 'node');
  if (!existsSync(path)) {
    console.log(`Node ${version}: installing`);
    must('npm', [
      'install',
      '--prefix',
      prefix,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `${name}@${version}`,
    ]);
  }
  return { path, version: `v${version}` };
}
