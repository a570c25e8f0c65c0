// Phases of an inference: estimates against a board that draws a known power in every segment, and the native segments
// with a stand-in for the GPU.
import { describe, expect, test } from 'vitest';
import { InferenceSession, type PhaseEnergy, type PhasesMeasurement, Tensor } from '../../src/index.js';
import { measurePhases, type PhasedSession } from '../../src/phases/measure-phases.js';
import { KINDS, planSegments } from '../../src/phases/plan.js';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml, sleep } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';
import { withMeter } from '../helpers/with-meter.js';

const UUID = 'GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff';
const BOARD = `device ${UUID} 00000000:A0:00.0 Fake H100\nlatency 50 100 50\n`;
const BASE_W = 118;
const MS_PER_CALL = [0.1, 0.8, 0.1, 1];
const feeds = { x: new Tensor('float32', [1, 2], [2]) };

/** A session that does nothing, on a board whose script draws `watts` in the segments of the plan. */
function played(durationMs: number, watts: readonly number[]) {
  const leadMs = 3000;
  const { kinds, lengthsMs } = planSegments(durationMs, 1, 100);
  const starts = Array.from(
    lengthsMs,
    (_, i) => leadMs + lengthsMs.slice(0, i).reduce((sum, ms) => sum + ms, 0),
  );
  const pulses = starts.map(
    (start, i) => `pulse ${start} ${lengthsMs[i]} ${(watts[kinds[i] as number] as number) - BASE_W}\n`,
  );
  const nvml = new FakeNvml(`${BOARD}base ${BASE_W}\nsensor 13\n${pulses.join('')}`);
  const at = (ms: number) => nvml.at(ms);
  const times = (ms: number) => ({
    durationsNs: Float64Array.of(ms * 1e6, ms * 1e6),
    durationsEvery: 1,
    moments: { count: 2, mean: ms * 1e6, squares: 0, min: ms * 1e6, max: ms * 1e6 },
  });
  const session: PhasedSession<null> = {
    providers: ['cuda'],
    skippedProviders: [],
    device: { uuid: UUID, pciBusId: '' },
    runtime: { version: '1.29.0' },
    placement: { known: false, nodes: {}, names: {} },
    graphCapture: true,
    precision: {},
    askForTurn: (_, granted) => {
      setImmediate(granted);
      return () => undefined;
    },
    buildEngines: async () => undefined,
    openPath: async () => ({ binding: 1, close: async () => undefined }),
    phasesNative: async (request) => {
      expect(request).toMatchObject({ kinds, round: 20, pinned: true });
      await sleep(leadMs + durationMs - nvml.now());
      return {
        marksNs: BigInt64Array.from([...starts, leadMs + durationMs], at),
        kinds,
        calls: Float64Array.from(kinds, (kind, i) => (lengthsMs[i] as number) / (MS_PER_CALL[kind] ?? 1)),
        times: MS_PER_CALL.map(times),
        inside: MS_PER_CALL.slice(0, 3).map(times),
        others: [],
        bytesIn: 8,
        bytesOut: 4,
        outputs: null,
      };
    },
  };
  return { nvml, session };
}

function measured(energy: PhaseEnergy | undefined) {
  if (energy?.status !== 'ok') throw new Error(`no figure: ${JSON.stringify(energy)}`);
  return energy;
}

describe.concurrent('phases of known power', () => {
  const durationMs = 9000;
  const measure = async (whole: number) => {
    const { nvml, session } = played(durationMs, [200, 600, 160, whole, BASE_W]);
    return withMeter(nvml, (meter) => measurePhases(session, feeds, { durationMs, meter, pinned: true }));
  };

  test('hold it, gross and above idle, and close where they add up', async () => {
    const m = await measure(516);
    const phases = [m.phases.hostToDevice, m.phases.compute, m.phases.deviceToHost, m.whole];
    phases.forEach((phase, i) => {
      const { power, gross, net } = measured(phase.board);
      const [watts, ms] = [[200, 600, 160, 516][i] as number, MS_PER_CALL[i] as number];
      expect(phase.timePerCall.value).toBeCloseTo(ms, 6);
      expect(Math.abs(power.value - watts)).toBeLessThan(power.uncertainty);
      expect(Math.abs(gross.value - watts * ms * 1e-3)).toBeLessThan(gross.uncertainty);
      const error = Math.abs((net?.value as number) - (watts - BASE_W) * ms * 1e-3);
      expect(error).toBeLessThan(net?.uncertainty as number);
      expect(phase.inside === undefined).toBe(i === 3);
    });
    expect(m.closure.board).toMatchObject({ status: 'closed' });
    expect(m.closure.notes).toEqual([]);
    expect(Math.abs((m.idle.scopes['board-0']?.value as number) - BASE_W)).toBeLessThan(10);
    expect(m).toMatchObject({ hostMemory: 'pinned', graph: true, simulated: true, plan: { seed: 1 } });
    expect(m.segments).toHaveLength(m.plan.segments);
    expect(m.phases.hostToDevice.bytes).toBe(8);
  });

  test('do not close where the whole costs more than they do, and the result says so', async () => {
    const { closure } = await measure(600);
    expect(closure.board).toMatchObject({ status: 'open', gross: { closes: false } });
    expect(closure.notes.join(' ')).toContain('% of the energy of a whole inference');
    expect(closure.time.closes).toBe(true);
  });
});

/** The native segments in a process whose CUDA is the stand-in; what it makes of the feed comes back too. */
function onFakeGpu(
  options: object,
  more = '',
  device = BOARD,
): PhasesMeasurement & { y: number[]; after: string } {
  const machine = new GpuMachine();
  machine.put('cuda', 'libraries');
  machine.put('cudnn', 'libraries');
  const nvml = new FakeNvml(`${device}follow-cpu 100 200\n`, { origin: 'load' });
  const model = machine.file('model.onnx', unary('Neg', 'float32', [2]));
  return machine.run(`(async () => {
    const session = await m.InferenceSession.create(${JSON.stringify(model)}, {
      executionProviders: ['cuda'], libraryFolders: [${JSON.stringify(machine.path('libraries'))}],
      onnxruntime: ${JSON.stringify(machine.runtime)}, ...${JSON.stringify(options)} });
    const meter = await m.Meter.open(${JSON.stringify(nvml.options())});
    const feeds = { x: new m.Tensor('float32', [1, 2], [2]) };
    const told = [];
    const measure = (more) => session.measurePhases(feeds, { durationMs: 2000, meter, onProgress: (p) => told.push(p.phase), ...more });
    let after = '';
    ${more}
    const r = await measure({});
    await session.release();
    await meter.close();
    const y = Array.from(r.outputs.y.data);
    console.log(JSON.stringify({ ...r.toJSON(), timeline: null, outputs: null, y, told: [...new Set(told)], after }, (key, value) => key === 'durations' ? undefined : value));
  })();`);
}

describe('the segments on a device', () => {
  test.each([false, true])('copy in, compute and copy out by themselves and together, graph: %s', (graph) => {
    const m = onFakeGpu({ enableGraphCapture: graph });
    expect(m).toMatchObject({
      y: [-1, -2],
      told: ['warm-up', 'running', 'resolving'],
      provider: 'cuda',
      graph,
      hostMemory: 'pageable',
      phases: { hostToDevice: { bytes: 8 }, deviceToHost: { bytes: 8 } },
    });
    const kinds = new Set(m.segments.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...KINDS].sort());
    for (const { calls, kind } of m.segments) expect(calls > 0).toBe(kind !== 'idle');
    const { hostToDevice, compute, deviceToHost } = m.phases;
    const insides = [hostToDevice, compute, deviceToHost].map(({ inside }) => inside?.mean as number);
    expect(insides.reduce((sum, x) => sum + x, 0)).toBeCloseTo(m.whole.latency.mean, 6);
    for (const phase of [hostToDevice, compute, deviceToHost, m.whole]) {
      expect(phase.board).toMatchObject({ id: 'board-0' });
      expect(phase.calls).toBeGreaterThan(0);
    }
    expect(m.closure.board?.id).toBe('board-0');
    expect(m.attribution.scopes['board-0']).toHaveProperty('intervals');
  });

  test('end at a signal, and the session goes on', () => {
    const m = onFakeGpu(
      {},
      `const stop = new AbortController();
       after = await measure({ signal: stop.signal, onProgress: (p) => p.phase === 'running' && stop.abort(new Error('enough')) }).catch((e) => e.message);`,
    );
    expect(m.after).toBe('enough');
    expect(m.y).toEqual([-1, -2]);
  });

  test('whose board NVML does not read have no figure of it, and the reason', () => {
    const m = onFakeGpu({}, '', 'device GPU-other 00000000:19:00.0 Other\nlatency 50 100 50\n');
    expect(m.phases.compute.board).toMatchObject({
      status: 'unsupported',
      reason: expect.stringContaining('none of the boards'),
    });
    expect(m.closure.board).toBeUndefined();
  });
});

describe('phases are refused', () => {
  test('of a session on the processor', async () => {
    const session = await InferenceSession.create(unary('Neg', 'float32', [2]));
    await expect(session.measurePhases(feeds)).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('no phases'),
      remedy: expect.stringContaining("['cuda']"),
    });
    await session.release();
  });

  test.each([
    ['an option that there is not', { pined: true }],
    ['too short a time', { durationMs: 100 }],
    ['a seed that is none', { seed: 0.5 }],
    ['pinned that is no truth', { pinned: 1 }],
    ['a meter that is none', { meter: {} }],
  ])('%s', async (_, options) => {
    const { session } = played(9000, [1, 1, 1, 1, 1]);
    await expect(measurePhases(session, feeds, options as never)).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  test('longer than the meter remembers', async () => {
    const { nvml, session } = played(9000, [200, 200, 200, 200, 118]);
    await withMeter(
      nvml,
      (meter) =>
        expect(measurePhases(session, feeds, { meter, durationMs: 9000 })).rejects.toMatchObject({
          code: 'invalid-argument',
          remedy: expect.stringContaining('historySeconds: 12'),
        }),
      { historySeconds: 10 },
    );
  });
});
