import { expect, test } from 'vitest';
import { meterOptions } from '../../src/meter-options.js';
import { type NativeCalibration, native } from '../../src/native.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';

const FIGURES: NativeCalibration = {
  uuid: 'GPU-1111',
  periodNs: 100e6,
  gridJitterNs: 450e3,
  quantumJ: 1e-3,
  timeConstantNs: 9e6,
  timeConstantRelativeUncertainty: 0.1,
  markDelayNs: 1e6,
  phaseSensitivity: 0.3,
  phaseReachNs: 10e6,
  densePhaseSensitivity: Number.NaN,
  densePhaseReachNs: Number.NaN,
  displacementNs: 5e6,
  idleNoiseW: 2,
  ring: { lagNs: 4e6, noiseW: 1, gain: 1.002, gainRelativeUncertainty: 0.005, stampJitterNs: 3e6 },
};

const open = (fake: FakeNvml, calibrations: NativeCalibration[]) =>
  native().openMeter({ ...meterOptions(fake.options(), false), calibrations });

test('a board of this uuid is read with its own figures, another one with the built-in ones', async () => {
  const fake = new FakeNvml(`${ONE_BOARD}base 150\n`);
  const [own, ringless, other] = await Promise.all([
    open(fake, [FIGURES]),
    open(fake, [{ ...FIGURES, ring: null }]),
    open(fake, [{ ...FIGURES, uuid: 'GPU-2222' }]),
  ]);
  expect([own, ringless, other].map((meter) => meter.timing()[0]?.decayNs)).toEqual([45e6, 45e6, 65e6]);
  await Promise.all([own, ringless, other].map((meter) => meter.close()));
});

test('bursts that cannot be calibrated on are refused with a sentence, and a closed meter with an error', async () => {
  const meter = await open(new FakeNvml(`${ONE_BOARD}base 150\n`), []);
  const at = process.hrtime.bigint();
  const request = {
    channel: 0,
    marks: new BigInt64Array([at, at + 5_000_000n]),
    kinds: new Float64Array([5]),
    idleBeforeNs: new BigInt64Array([0n]),
    idleAfterNs: new BigInt64Array([0n]),
  };
  const result = await meter.calibrate(request);
  expect(result).toMatchObject({
    calibration: null,
    reason: 'Calibration needs bursts of 2 lengths at least, and there are 1.',
    tested: 0,
    held: 0,
    widened: 1,
    kinds: [],
    sham: { count: 0, meanJ: Number.NaN, uncertaintyJ: Number.NaN },
  });
  expect((await meter.calibrate({ ...request, channel: 99 })).reason).toBe('There is no such channel.');
  await meter.close();
  expect(() => meter.calibrate(request)).toThrow(expect.objectContaining({ code: 'meter-closed' }));
});
