import { writeFileSync } from 'node:fs';
import { cannotWrite, refuse } from '../refuse.js';
import { SAMPLE_TABLE } from '../table/sample.js';
import { parse } from './arguments.js';

export const DEFAULT_TABLE = 'study.yaml';

export async function init(argv: string[]): Promise<number> {
  const args = parse(argv, { force: { type: 'boolean' } }, { max: 1 });
  const path = args.positionals[0] ?? DEFAULT_TABLE;
  try {
    writeFileSync(path, SAMPLE_TABLE, { flag: args.flag('force') ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw refuse(`${path} is there already.`, 'Give another name, or --force.');
    throw cannotWrite(path, error);
  }
  process.stdout.write(`${path} written. Next: microjoule-study plan ${path}\n`);
  return 0;
}
