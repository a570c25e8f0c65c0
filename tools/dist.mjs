// Writes dist/: declarations by tsc, the CommonJS library, the thin ES module over it, the process of probe()'s trials,
// and the command line.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { bundledLicences } from './lib/licences.mjs';
import { cli, Failure, must, root, tool } from './lib/run.mjs';

const require = createRequire(import.meta.url);
const src = join(root, 'src');
const dist = join(root, 'dist');

// The command line requires it as any program does: one class and one state for all.
const LIBRARY = 'index.js';

/** The library stays outside the command line's bundle; an import past its entry is an error. */
const libraryStaysOutside = {
  name: 'library-stays-outside',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir, kind }) => {
      if (kind === 'entry-point') return undefined;
      const target = relative(src, join(resolveDir, path));
      const fromCli = relative(src, importer).startsWith(`cli${sep}`);
      if (fromCli && target === LIBRARY) return { path: `../${LIBRARY}`, external: true };
      const ofLibrary = !target.startsWith('..') && !target.startsWith(`cli${sep}`);
      if (!fromCli || !ofLibrary) return undefined;
      return {
        errors: [{ text: `${path} belongs to the library: export it from index.ts` }],
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
    // White space is a third of the bundles; names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'error',
    absWorkingDir: root,
    plugins: [libraryStaysOutside],
    metafile: true,
    ...options,
  }).catch(() => {
    throw new Failure(`esbuild could not bundle src/${entry}.`); // It has said why.
  });
  return Object.keys(metafile.inputs);
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
  // One file, because forty small ones take most of the time of an import.
  await bundle('index.ts', LIBRARY, { packages: 'external' });
  await bundle('probe-child.ts', 'probe-child.js', { external: ['./index.js'] });
  writeThinModule();
  if (existsSync(join(src, 'cli'))) await bundleCommandLine();
});
