// The load of a board is looked for among CUDA's devices, of which some may not be had.
import { expect, test } from 'vitest';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml } from '../helpers/fake-nvml.js';

const FIRST = 'GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff';
const SECOND = 'GPU-f1f2f3f4-f5f6-f7f8-f9fa-fbfcfdfeff00';
const FULL = 'CUDA failure 2: out of memory';
const nvml = new FakeNvml(
  `device ${SECOND} 00000000:A1:00.0 Fake H100\nbase 100\ndevice ${FIRST} 00000000:A0:00.0 Fake H100\nbase 300\n`,
  { origin: 'load' },
);
const machine = new GpuMachine();
for (const product of ['cuda', 'cudnn'] as const) machine.put(product, 'libraries');

interface Told {
  found?: true;
  code?: string;
  reason?: string;
}

/** Ends when the load has been found: what follows takes minutes. */
function calibrated(uuid: string, visible: string, faults = ''): Told {
  const places = {
    onnxruntime: machine.runtime,
    libraryFolders: [machine.path('libraries')],
    roots: { nvml: nvml.path },
  };
  return machine.run(
    `const stop = new AbortController();
    const onProgress = ({ planned }) => planned > 1 && stop.abort('found');
    const calibrate = { devices: ['${uuid}'], signal: stop.signal, onProgress, save: false };
    m.probe({ ...${JSON.stringify(places)}, timing: false, calibrate }).then(
      ({ calibrated: [run] }) => console.log(JSON.stringify(run)),
      (error) => console.log(JSON.stringify({ found: error === 'found' })),
    );`,
    { MJ_FAKE_FAULTS: faults, CUDA_VISIBLE_DEVICES: visible },
  );
}

test('a device whose memory is full keeps nobody from the next one', () => {
  expect(calibrated(SECOND, '0,1', `create@1=${FULL}`)).toEqual({ found: true });
});

test('a board that is none of them is refused, or, where one could not be looked at, with what that one says', () => {
  expect(calibrated(SECOND, '0')).toMatchObject({
    code: 'not-supported',
    reason: expect.stringContaining(SECOND),
  });
  expect(calibrated(SECOND, '0,1', `create@2=${FULL}`)).toMatchObject({ code: 'out-of-device-memory' });
  expect(calibrated(SECOND, '')).toMatchObject({ code: 'provider-unavailable' });
});
