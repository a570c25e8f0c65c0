// Writes dist/: the CommonJS library by tsc, the thin ES module over it, and the bundled command line.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { bundledLicences } from './lib/licences.mjs';
import { cli, Failure, must, root, tool } from './lib/run.mjs';

const require = createRequire(import.meta.url);
const dist = join(root, 'dist');

function compile() {
  rmSync(dist, { recursive: true, force: true });
  must(process.execPath, [tool('typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
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

/** Everything of src outside src/cli stays a require of the library's own file beside the bundle. */
const libraryStaysOutside = {
  name: 'library-stays-outside',
  setup(build) {
    const src = join(root, 'src');
    build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir, kind }) => {
      const target = join(resolveDir, path);
      const inside = relative(src, target);
      if (kind === 'entry-point' || inside.startsWith(`..${sep}`) || inside.startsWith(`cli${sep}`))
        return undefined;
      return { path: `../${inside}`, external: true };
    });
  },
};

async function bundleCommandLine() {
  const { build } = require('esbuild');
  const outfile = join(dist, 'cli', 'main.js');
  const { metafile } = await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.17',
    metafile: true,
    legalComments: 'none',
    // From its ES module sources, so that what is not used of protobuf stays out: 180 kB instead of 420.
    alias: { 'microjoule-models': './models/src/index.ts' },
    plugins: [libraryStaysOutside],
    absWorkingDir: root,
    logLevel: 'error',
  });
  chmodSync(outfile, 0o755);
  if (!readFileSync(outfile, 'utf8').startsWith('#!')) throw new Failure('src/cli/main.ts lacks its #! line');
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(join(dist, 'cli', 'LICENSES.txt'), bundledLicences(Object.keys(metafile.inputs)));
}

await cli(async () => {
  compile();
  writeThinModule();
  if (existsSync(join(root, 'src/cli'))) await bundleCommandLine();
});
