// Options and result of meter.recordSteps().
import { checkKeys, finiteNumber, plainObject, text } from './check-options.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import type { NativeStepRecord } from './native.js';
import { plainData } from './plain.js';
import { suspectReason } from './suspect.js';
import type { SuspectCause } from './types/energy.js';
import type { Channel, StepRecord, StepRecordOptions } from './types/meter.js';

const DEFAULT_DURATION_MS = 1000;
// native/energy/step_recorder.h has the same bound.
const MAX_DURATION_MS = 10_000;
const NS_PER_MS = 1e6;

export function stepRecordRequest(
  options: StepRecordOptions,
  channels: readonly Channel[],
): { channel: number; durationMs: number } {
  plainObject('the options of recordSteps()', options);
  checkKeys('option', options, ['id', 'durationMs']);
  const id = text('id', options.id);
  const durationMs = finiteNumber('durationMs', options.durationMs ?? DEFAULT_DURATION_MS);
  if (durationMs > MAX_DURATION_MS) {
    throw invalidArgument(`durationMs must be at most ${MAX_DURATION_MS}, not ${durationMs}.`);
  }
  const channel = channels.findIndex((one) => one.id === id);
  if (channel < 0) {
    const known = channels.map((one) => one.id).join(', ');
    throw invalidArgument(`There is no channel '${id}'.`, `Known: ${known}.`);
  }
  const { unsupported } = channels[channel] as Channel;
  if (unsupported) throw new MicrojouleError(unsupported.code, unsupported.reason, unsupported.remedy);
  return { channel, durationMs };
}

export function stepRecord(id: string, method: string, record: NativeStepRecord): StepRecord {
  const { startNs, endNs, reads, missedUpdates, tBeforeMs, tAfterMs, joules } = record;
  const cause = record.cause as SuspectCause | '';
  return plainData<StepRecord>({
    id,
    method,
    start: startNs,
    end: endNs,
    durationMs: Number(endNs - startNs) / NS_PER_MS,
    reads,
    missedUpdates,
    steps: { tBeforeMs, tAfterMs, joules },
    power: { value: record.watts, uncertainty: record.wattsUncertainty },
    readUs: { p50: record.readP50Us, p99: record.readP99Us },
    ...(cause === '' ? {} : { fault: { cause, reason: suspectReason(cause) } }),
  });
}
