import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBoards } from '../../src/calibration/state.js';
import type { Calibration } from '../../src/index.js';
import { rootsOf } from '../../src/meter-options.js';
import type { FakeNvml } from './fake-nvml.js';

/** A calibration of the fake's first board as it is set up now, two days old. */
export async function calibrationOf(fake: FakeNvml): Promise<Calibration> {
  const [board] = await readBoards(rootsOf({ nvml: fake.path }));
  if (!board) throw new Error('the fake has no board');
  return {
    schema: 1,
    microjoule: '0.0.0',
    at: new Date(Date.now() - 2.5 * 86_400_000).toISOString(),
    name: board.name,
    state: board.state,
    simulated: true,
    load: 'none: written by a test',
    figures: {
      periodNs: 100_002_000,
      gridJitterNs: 100_000,
      quantumJ: 0.001,
      timeConstantNs: 3e6,
      timeConstantRelativeUncertainty: 0.02,
      markDelayNs: 50_000,
      phaseSensitivity: 0.001,
      phaseReachNs: 10e6,
      densePhaseSensitivity: Number.NaN,
      densePhaseReachNs: Number.NaN,
      displacementNs: 0,
      idleNoiseW: 0.1,
      ring: null,
    },
    tested: 60,
    held: 58,
    widened: 1,
    kinds: [],
    sham: { count: 0, meanJ: Number.NaN, uncertaintyJ: Number.NaN },
    disturbance: { disturbs: 'no', ratio: 1.001, uncertainty: 0.004 },
  };
}

export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME as string, 'microjoule', 'calibration');

/** A file of the cache as somebody else might leave it. */
export function writeCacheFile(uuid: string, text: string): void {
  mkdirSync(cacheFolder(), { recursive: true });
  writeFileSync(join(cacheFolder(), `${uuid}.json`), text);
}
