// Whether CUDA and TensorRT are found and usable here without LD_LIBRARY_PATH, and what a session then has loaded.
//   node bench/gpu/libraries.mjs [FOLDER …]     FOLDER: where libraries lie that no known place holds, such as TensorRT's
// Ends with 0 where both are usable and everything that is loaded is what was found.
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const libraryFolders = process.argv.slice(2);
if (process.env.LD_LIBRARY_PATH !== undefined) {
  const { LD_LIBRARY_PATH, ...env } = process.env;
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' });
  process.exit(status ?? 1);
}

const { InferenceSession, probe } = require('../../dist/index.js');
const start = performance.now();
const { onnxruntime } = await probe({ libraryFolders });
console.log(`probe: ${((performance.now() - start) / 1000).toFixed(1)} s`);
if (!onnxruntime.found) throw new Error(onnxruntime.reason);
console.log(`${onnxruntime.version}  ${onnxruntime.path}`);
for (const { folder, source } of onnxruntime.libraryFolders)
  console.log(`  looked in  ${source.padEnd(16)} ${folder}`);

let failed = false;
for (const name of ['cuda', 'tensorrt']) {
  const provider = onnxruntime.providers.find((one) => one.name === name);
  console.log(`${name}: ${provider?.usable ? 'usable' : `${provider?.reason} ${provider?.remedy ?? ''}`}`);
  for (const { name: library, path } of provider?.libraries ?? [])
    console.log(`  ${library.padEnd(24)} ${path}`);
  if (!provider?.usable) {
    failed = true;
    continue;
  }
  // y = x · x, as probe tries it.
  const model = Buffer.from(
    'CAoSEG1pY3Jvam91bGUtdGVzdHM6QAoRCgF4CgF4EgF5IgZNYXRNdWwSAWdaEwoBeBIOCgwIARIICgIIAgoCCAJiEwoBeRIOCgwIARIICgIIAgoCCAJCBAoAEA0=',
    'base64',
  );
  const before = memory();
  const created = performance.now();
  const session = await InferenceSession.create(model, {
    executionProviders: [name],
    libraryFolders,
    strict: true,
  });
  console.log(
    `  session: ${(performance.now() - created).toFixed(0)} ms, ${(memory() - before).toFixed(0)} MB more resident`,
  );
  await session.release();
  const mapped = new Set(readFileSync('/proc/self/maps', 'utf8').match(/\/\S*\/lib(cu|nv)\S*\.so\S*/g));
  for (const path of mapped) console.log(`  loaded  ${path}`);
  const names = provider.libraries.map(({ path }) => path).filter((path) => path !== null);
  const strayed = names.filter((path) => ![...mapped].some((one) => sameFile(one, path)));
  if (strayed.length > 0) {
    failed = true;
    console.log(`  FOUND BUT NOT LOADED: ${strayed.join(', ')}`);
  }
}
process.exitCode = failed ? 1 : 0;

function memory() {
  return process.memoryUsage().rss / 2 ** 20;
}

function sameFile(a, b) {
  return realpathSync(a) === realpathSync(b);
}
