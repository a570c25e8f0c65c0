// Writes dist/: the CommonJS library in one file with its declarations, the thin ES module over it, the command line.
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { bundledLicences } from './lib/licences.mjs';
import { cli, Failure, must, root, tool } from './lib/run.mjs';

const require = createRequire(import.meta.url);
const dist = join(root, 'dist');

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.17',
  metafile: true,
  legalComments: 'none',
  absWorkingDir: root,
  logLevel: 'error',
};

/** One file, because finding and opening forty costs an import ten times as long as running them. */
async function bundleLibrary() {
  rmSync(dist, { recursive: true, force: true });
  must(process.execPath, [tool('typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--emitDeclarationOnly']);
  await require('esbuild').build({
    ...common,
    entryPoints: [join(root, 'src/index.ts')],
    outfile: join(dist, 'index.js'),
    external: ['node-gyp-build', '../package.json'],
  });
}

/** One implementation: the ES module only names what the CommonJS one exports, so both share classes and state. */
function writeThinModule() {
  const names = Object.keys(require(join(dist, 'index.js'))).filter((name) => name !== 'default');
  const lines = names.map((name) => `export const ${name} = library.${name};`);
  writeFileSync(join(dist, 'index.mjs'), ["import library from './index.js';", '', ...lines, ''].join('\n'));
  for (const types of ['index.d.mts', 'index.d.cts']) {
    writeFileSync(join(dist, types), "export * from './index.js';\n");
  }
}

/** The command line uses the library through its public entry, as any program does: two copies would be two classes. */
const libraryStaysOutside = {
  name: 'library-stays-outside',
  setup(build) {
    const src = join(root, 'src');
    build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, importer, kind }) => {
      const inside = relative(src, join(resolveDir, path));
      if (kind === 'entry-point' || inside.startsWith(`..${sep}`) || inside.startsWith(`cli${sep}`))
        return undefined;
      if (inside === 'index.js') return { path: '../index.js', external: true };
      return { errors: [{ text: `${relative(root, importer)} reaches past the library's entry: ${path}` }] };
    });
  },
};

async function bundleCommandLine() {
  const outfile = join(dist, 'cli', 'main.js');
  const { metafile } = await require('esbuild').build({
    ...common,
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile,
    external: ['../../package.json'],
    // From its ES module sources, so that what is not used of protobuf stays out: 180 kB instead of 420.
    alias: { 'microjoule-models': './models/src/index.ts' },
    plugins: [libraryStaysOutside],
  });
  chmodSync(outfile, 0o755);
  if (!readFileSync(outfile, 'utf8').startsWith('#!')) throw new Failure('src/cli/main.ts lacks its #! line');
  writeFileSync(join(dist, 'cli', 'LICENSES.txt'), bundledLicences(Object.keys(metafile.inputs)));
}

await cli(async () => {
  await bundleLibrary();
  writeThinModule();
  if (existsSync(join(root, 'src/cli'))) await bundleCommandLine();
});
