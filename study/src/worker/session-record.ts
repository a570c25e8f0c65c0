// What the library tells of a session that was made, in the protocol's form.
import type { InferenceSession, Precision, PrecisionSetting } from 'microjoule';
import type { LoadAnswer, LoadRequest, WorkerPhase } from '../types/protocol.js';

export function precisionUsed(
  session: InferenceSession,
  { provider, precision }: LoadRequest,
): LoadAnswer['precision'] {
  // TensorRT makes halves by an option; elsewhere they are the model file's own.
  const fp16 = provider === 'tensorrt' ? allowed(session, 'fp16') : precision.fp16 === true;
  return { tf32: allowed(session, 'tf32'), fp16 };
}

/** By any provider in use; null where it applies to none, or is not known. */
function allowed({ precision }: InferenceSession, name: keyof Precision): boolean | null {
  const settings = Object.values(precision)
    .map((one) => one[name])
    .filter(applies);
  if (settings.some((one) => one.allowed)) return true;
  return settings.length === 0 || settings.some((one) => one.allowed === null) ? null : false;
}

const applies = ({ from }: PrecisionSetting): boolean => from !== 'not-applicable';

/** Of each provider, with what decides it: 'cuda.tf32': 'off, environment: NVIDIA_TF32_OVERRIDE=0'. */
export function precisionOptions({ precision }: InferenceSession): Record<string, string> {
  const entries = Object.entries(precision).flatMap(([provider, settings]) =>
    Object.entries(settings)
      .filter(([, setting]) => applies(setting))
      .map(([name, setting]): [string, string] => [`${provider}.${name}`, words(setting)]),
  );
  return Object.fromEntries(entries);
}

function words({ allowed: is, from, detail }: PrecisionSetting): string {
  const state = is === null ? 'not known' : is ? 'on' : 'off';
  return `${state}, ${from}${detail === undefined ? '' : `: ${detail}`}`;
}

export function engineOf({ engine }: InferenceSession): Pick<LoadAnswer, 'engine'> {
  if (engine === null) return {};
  const { state, reason, key, record } = engine;
  return {
    engine: {
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(key === undefined ? {} : { key }),
      ...(record === undefined ? {} : { builtAt: record.builtAt }),
    },
  };
}

/** With its shapes fixed, TensorRT builds its engines while the session is made. */
export function enginePhases({ engine }: InferenceSession): WorkerPhase[] {
  if (engine?.state !== 'built') return [];
  const { start, end } = engine.creation;
  return [{ name: 'engine-build', startNs: String(start), endNs: String(end) }];
}
