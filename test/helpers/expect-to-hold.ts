import { expect } from 'vitest';
import type { Energy, EnergyReport } from '../../src/index.js';
import { type FakeRapl, joules } from './fake-rapl.js';

/** The interval that a figure states holds the truth, but for what the fake's own lateness explains. */
export function expectToHold(
  energy: Energy | undefined,
  watts: number,
  { start, end }: Pick<EnergyReport, 'start' | 'end'>,
  fake: FakeRapl,
): void {
  if (fake.stalled && energy?.status === 'suspect') return;
  expect(energy, JSON.stringify(energy)).toHaveProperty(
    'status',
    expect.stringMatching(/^(ok|below-resolution)$/),
  );
  const measured = energy as Extract<Energy, { status: 'ok' }>;
  const { value, uncertainty, lo = value - uncertainty, hi = value + uncertainty } = measured;
  const truth = joules(watts, start, end);
  expect(lo).toBeLessThanOrEqual(truth + fake.lag(watts));
  expect(hi).toBeGreaterThanOrEqual(truth - fake.lag(watts));
}
