// Which board a session's energy is of, on a machine of two GPUs whose order CUDA and NVML do not share.
import { expect, test } from 'vitest';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

const FIRST = 'GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff';
const SECOND = 'GPU-f1f2f3f4-f5f6-f7f8-f9fa-fbfcfdfeff00';
const INSTANCE = 'MIG-40414243-4445-4647-4849-4a4b4c4d4e4f';
const machine = new GpuMachine();
for (const product of ['cuda', 'cudnn'] as const) machine.put(product, 'libraries');

/** NVML's order: board-0 is CUDA's second device. */
const boards = (more = '') =>
  new FakeNvml(
    `device ${SECOND} 00000000:A1:00.0 Fake H100\nbase 100\n${more}device ${FIRST} 00000000:A0:00.0 Second\nbase 300\n`,
    { origin: 'load' },
  );

/** What `body` gives; it has the library `m`, a `meter`, and `create(deviceId)` for sessions. */
function onMachine<T>(fake: FakeNvml, body: string, env: NodeJS.ProcessEnv = {}): T {
  const options = JSON.stringify({
    onnxruntime: machine.runtime,
    libraryFolders: [machine.path('libraries')],
  });
  const bytes = Buffer.from(unary('Neg', 'float32', ['n'])).toString('base64');
  return machine.run<T>(
    `const model = Buffer.from('${bytes}', 'base64');
    const create = (deviceId, more) =>
      m.InferenceSession.create(model, { executionProviders: [{ name: 'cuda', deviceId }], ...${options}, ...more });
    const feeds = { x: new m.Tensor('float32', [1, 2], [2]) };
    const short = { minDurationMs: 250, idle: false, warmup: 1 };
    (async () => {
      const meter = await m.Meter.open(${JSON.stringify(fake.options())});
      const result = await (async () => { ${body} })();
      await meter.close();
      console.log(JSON.stringify(result));
    })();`,
    env,
  );
}

interface Where {
  uuid: string;
  board: string;
  status: string;
}

test('a session is metered on its own board, however CUDA_VISIBLE_DEVICES orders and names them', () => {
  const cases: [visible: string | null, deviceId: number, uuid: string][] = [
    [null, 0, FIRST],
    [null, 1, SECOND],
    ['1,0', 0, SECOND],
    ['1,0', 1, FIRST],
    [`${SECOND},${FIRST}`, 0, SECOND],
    ['GPU-f1f2', 0, SECOND],
  ];
  const found = onMachine<Where[]>(
    boards(),
    `const out = [];
    for (const [visible, deviceId] of ${JSON.stringify(cases)}) {
      if (visible === null) delete process.env.CUDA_VISIBLE_DEVICES;
      else process.env.CUDA_VISIBLE_DEVICES = visible;
      const session = await create(deviceId);
      const { energy } = await session.measure(feeds, { ...short, meter });
      out.push({ uuid: session.device.uuid, board: energy.board.id, status: energy.board.status });
      await session.release();
    }
    return out;`,
  );
  expect(found.map(({ uuid }) => uuid)).toEqual(cases.map(([, , uuid]) => uuid));
  expect(found.map(({ board }) => board)).toEqual(
    cases.map(([, , uuid]) => (uuid === FIRST ? 'board-1' : 'board-0')),
  );
  expect(found.map(({ status }) => status)).not.toContain('unsupported');
});

test('with no device visible the session is refused, and says where to look', () => {
  const [error] = onMachine<{ code: string; message: string; remedy: string }[]>(
    boards(),
    `const { code, message, remedy } = await create(0).catch((error) => error);
    return [{ code, message, remedy }];`,
    { CUDA_VISIBLE_DEVICES: '' },
  );
  expect(error).toMatchObject({
    code: 'provider-unavailable',
    message: expect.stringContaining('no CUDA-capable device is detected'),
    remedy: expect.stringContaining('CUDA_VISIBLE_DEVICES'),
  });
});

test('on an instance of a divided GPU there is no energy of its own, and the board is called the whole GPU', () => {
  const [m] = onMachine<{ device: object; board: object; whole: object }[]>(
    boards('mig on\n'),
    `const session = await create(0);
    const { energy } = await session.measure(feeds, { ...short, meter });
    return [{ device: session.device, board: energy.board, whole: energy.scopes['board-0'] }];`,
    { CUDA_VISIBLE_DEVICES: INSTANCE },
  );
  expect(m).toMatchObject({
    device: { uuid: INSTANCE, pciBusId: '00000000:A1:00.0' },
    board: { status: 'unsupported', code: 'not-supported', reason: expect.stringContaining(INSTANCE) },
    whole: { method: expect.stringContaining('whole GPU: MIG is on') },
  });
  expect(m?.board).not.toHaveProperty('value');
});

test('sessions of two devices go on beside each other; of one device they are other work, or wait', () => {
  interface Seen {
    others: { session: string }[];
    cause?: string;
  }
  const [beside, together, alone] = onMachine<Seen[]>(
    boards(),
    `const [a, b, c] = [await create(0), await create(1), await create(0, { logId: 'c' })];
    let on = true;
    const runs = async (session) => {
      while (on) {
        const { y } = await session.run(feeds);
        if (y.data[1] !== -2) throw new Error('a wrong result');
        await new Promise(setImmediate);
      }
    };
    const seen = ({ energy, conditions }) => ({ others: conditions.otherSessions, cause: energy.board.cause });
    const elsewhere = runs(b);
    const beside = seen(await a.measure(feeds, { ...short, meter }));
    const here = runs(c);
    const together = seen(await a.measure(feeds, { ...short, meter }));
    const alone = seen(await a.measure(feeds, { ...short, meter, exclusive: true }));
    on = false;
    await Promise.all([elsewhere, here]);
    await Promise.all([b.release(), a.release(), c.release()]);
    return [beside, together, alone];`,
  );
  expect(beside?.others).toEqual([]);
  expect(beside?.cause).not.toBe('other-work');
  expect(together).toMatchObject({ cause: 'other-work', others: [{ session: 'c' }] });
  expect(alone?.others).toEqual([]);
  expect(alone?.cause).not.toBe('other-work');
});

test('two sessions measured at once on two devices do not take turns, and neither total has the other board', () => {
  interface Told {
    of: string[];
    board: string;
    sameAsBoard: boolean;
    scopes: string[];
  }
  const [overlapMs, ...told] = onMachine<[number, ...Told[]]>(
    boards(),
    `const sessions = [await create(0), await create(1)];
    const both = await Promise.all(sessions.map((session) => session.measure(feeds, { ...short, meter })));
    const [a, b] = both;
    const overlap = Number((a.end < b.end ? a.end : b.end) - (a.start > b.start ? a.start : b.start)) / 1e6;
    const tell = ({ energy }) => ({
      of: energy.total.of,
      board: energy.board.id,
      sameAsBoard: energy.total.value === energy.board.value,
      scopes: Object.keys(energy.scopes),
    });
    return [overlap, ...both.map(tell)];`,
  );
  expect(overlapMs).toBeGreaterThan(0);
  const scopes = ['board-0', 'board-1'];
  expect(told).toEqual([
    { of: ['board-1'], board: 'board-1', sameAsBoard: true, scopes },
    { of: ['board-0'], board: 'board-0', sameAsBoard: true, scopes },
  ]);
});

test('a device that is named twice is refused: it would run on one and be metered on the other', () => {
  const [error] = onMachine<{ code: string; message: string }[]>(
    boards(),
    `const { code, message } = await create(0, {
      executionProviders: [{ name: 'cuda', deviceId: 0, device_id: '1' }],
    }).catch((error) => error);
    return [{ code, message }];`,
  );
  expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('device_id') });
});

test('a session of two GPUs is refused', () => {
  const [error] = onMachine<{ code: string; message: string }[]>(
    boards(),
    `const executionProviders = [{ name: 'tensorrt', deviceId: 1 }, { name: 'cuda', deviceId: 0 }];
    const { code, message } = await create(0, { executionProviders }).catch((error) => error);
    return [{ code, message }];`,
  );
  expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('1 and 0') });
});
