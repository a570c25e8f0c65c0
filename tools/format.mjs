// `npm run format`: writes what `npm test` checks.
import { writeFormat } from './lib/format.mjs';
import { cli, Failure, run, tool } from './lib/run.mjs';

await cli(() => {
  const biome = run(process.execPath, [tool('@biomejs/biome/bin/biome'), 'check', '--write', '.']);
  if (!writeFormat() || !biome.ok) throw new Failure('Not everything could be formatted.');
});
