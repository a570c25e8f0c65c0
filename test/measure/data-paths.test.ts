// Data paths of session.measure: a GPU's session played by one on the processor, whose memory is all of one kind.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferenceSession, Tensor } from '../../src/index.js';
import { type MeasurableSession, measureSession, type OpenPath } from '../../src/measure.js';
import type { DataPath } from '../../src/types/measure.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';
import { withMeter } from '../helpers/with-meter.js';

const feeds = { x: new Tensor('float32', [1, 2], [2]) };
const short = { repetitions: 20, idle: false as const };
let session: InferenceSession;
beforeAll(async () => {
  session = await InferenceSession.create(unary('Neg', 'float32', ['n']));
});
afterAll(() => session.release());

/** As a session on a CUDA device, with what it was asked for. */
function played(graphCapture: boolean, fail = false) {
  const log: (DataPath | 'closed' | OpenPath)[] = [];
  const device = { uuid: 'GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff', pciBusId: '00000000:01:00.0' };
  const path: OpenPath = { binding: 7, close: async () => void log.push('closed') };
  const measurable: MeasurableSession<unknown> = {
    providers: ['cuda'],
    skippedProviders: [],
    device,
    runtime: session.runtime,
    placement: session.placement,
    precision: session.precision,
    graphCapture,
    engine: null,
    buildEngines: async () => undefined,
    askForTurn: session.askForTurn.bind(session),
    openPath: async (_, asked) => {
      log.push(asked);
      return path;
    },
    measureNative: async (given, request, signal, used) => {
      if (used !== undefined) log.push(used);
      if (fail) throw new Error('the device is lost');
      return session.measureNative(given, request, signal);
    },
  };
  return { measurable, log, path };
}

describe('the data path', () => {
  test('is opened before the loops, used by them, closed after them, and named in the result', async () => {
    await withMeter(new FakeNvml(`${ONE_BOARD}base 100\n`), async (meter) => {
      const { measurable, log, path } = played(true);
      const m = await measureSession(measurable, feeds, { ...short, meter });
      expect(m).toMatchObject({ dataPath: 'device', graph: true, provider: 'cuda', repetitions: 20 });
      expect(log).toEqual(['device', path, 'closed']);
      const pinned = await measureSession(played(false).measurable, feeds, {
        ...short,
        meter,
        dataPath: 'pinned',
      });
      expect(pinned).toMatchObject({ dataPath: 'pinned', graph: false });
    });
  });

  test('is closed where a loop fails, and there is no result', async () => {
    await withMeter(new FakeNvml(`${ONE_BOARD}base 100\n`), async (meter) => {
      const { measurable, log } = played(false, true);
      await expect(
        measureSession(measurable, feeds, { ...short, meter, dataPath: 'device' }),
      ).rejects.toThrow('the device is lost');
      expect(log.at(-1)).toBe('closed');
    });
  });

  test('of a session on the processor is host, and the others are refused', async () => {
    await withMeter(new FakeNvml(`${ONE_BOARD}base 100\n`), async (meter) => {
      const m = await session.measure(feeds, { ...short, meter });
      expect(m).toMatchObject({
        dataPath: 'host',
        graph: false,
        placement: { known: true, nodes: { cpu: 1 } },
      });
      for (const dataPath of ['pinned', 'device'] as const) {
        await expect(session.measure(feeds, { ...short, meter, dataPath })).rejects.toMatchObject({
          code: 'not-supported',
          remedy: expect.stringContaining("'cuda'"),
        });
      }
    });
  });
});
