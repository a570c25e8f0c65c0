// Writes dist/: declarations by tsc, the CommonJS library, the thin ES module over it, and the command line.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { bundledLicences } from './lib/licences.mjs';
import { cli, Failure, must, root, tool } from './lib/run.mjs';

const require = createRequire(import.meta.url);
const src = join(root, 'src');
const dist = join(root, 'dist');

// Files of their own in dist/, which library and command line both require: one class and one state for all.
const SHARED = ['index.js', 'errors.js', 'plain.js'];

/** Imports of shared modules stay requires of the files in dist/; any other import of the library by the command line is an error. */
const sharedStaysOutside = {
  name: 'shared-stays-outside',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir, kind }) => {
      if (kind === 'entry-point') return undefined;
      const target = relative(src, join(resolveDir, path));
      const fromCli = relative(src, importer).startsWith(`cli${sep}`);
      if (SHARED.includes(target)) return { path: `${fromCli ? '../' : './'}${target}`, external: true };
      const ofLibrary = !target.startsWith('..') && !target.startsWith(`cli${sep}`);
      if (!fromCli || !ofLibrary) return undefined;
      return {
        errors: [{ text: `${path} belongs to the library: export it from index.ts, or list it as shared` }],
      };
    });
  },
};

async function bundle(entry, outfile, options = {}) {
  const { build } = require('esbuild');
  const { metafile } = await build({
    entryPoints: [join(src, entry)],
    outfile: join(dist, outfile),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.17',
    legalComments: 'none',
    logLevel: 'error',
    absWorkingDir: root,
    plugins: [sharedStaysOutside],
    metafile: true,
    ...options,
  }).catch(() => {
    throw new Failure(`esbuild could not bundle src/${entry}.`); // It has said why.
  });
  return Object.keys(metafile.inputs);
}

/** One file, because forty small ones take most of the time of an import. */
async function bundleLibrary() {
  for (const name of SHARED) await bundle(name.replace('.js', '.ts'), name, { packages: 'external' });
}

/**
 * The ES module only names what the CommonJS one exports, so that both share classes and state. By createRequire,
 * because an import would have Node search the whole file for the names of its exports first.
 */
function writeThinModule() {
  const names = Object.keys(require(join(dist, 'index.js')));
  const lines = [
    "import { createRequire } from 'node:module';",
    '',
    "const library = createRequire(import.meta.url)('./index.js');",
    '',
    ...names.map((name) => `export const ${name} = library.${name};`),
    '',
  ];
  writeFileSync(join(dist, 'index.mjs'), lines.join('\n'));
  for (const types of ['index.d.mts', 'index.d.cts']) {
    writeFileSync(join(dist, types), "export * from './index.js';\n");
  }
}

async function bundleCommandLine() {
  const outfile = 'cli/main.js';
  // From its ES module sources, so that what is not used of protobuf stays out: 180 kB instead of 420.
  const alias = { 'microjoule-models': './models/src/index.ts' };
  const inputs = await bundle('cli/main.ts', outfile, { alias });
  if (!readFileSync(join(dist, outfile), 'utf8').startsWith('#!'))
    throw new Failure('src/cli/main.ts lacks its #! line');
  chmodSync(join(dist, outfile), 0o755);
  writeFileSync(join(dist, 'cli', 'LICENSES.txt'), bundledLicences(inputs));
}

await cli(async () => {
  rmSync(dist, { recursive: true, force: true });
  must(process.execPath, [tool('typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--emitDeclarationOnly']);
  await bundleLibrary();
  writeThinModule();
  if (existsSync(join(src, 'cli'))) await bundleCommandLine();
});
