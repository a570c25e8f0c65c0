// Whether a worker's answer has the shape of protocol.ts: what is measured from it must be there.
import type { Answers, InferAnswer } from '../types/protocol.js';
import { PROTOCOL_VERSION } from '../types/protocol.js';

type Given = Record<string, unknown>;

const isObject = (value: unknown): value is Given =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isInstant = (value: unknown): boolean => isText(value) && /^\d{1,19}$/.test(value);
const isTruthOrNull = (value: unknown): boolean => value === null || typeof value === 'boolean';
const isTexts = (value: unknown): boolean => isObject(value) && Object.values(value).every(isText);

const CHECKS: { [Op in keyof Answers]: (given: Given) => string | undefined } = {
  hello: (given) =>
    firstOf(
      [given.protocol === PROTOCOL_VERSION, `protocol is ${String(given.protocol)}, not ${PROTOCOL_VERSION}`],
      [isText(given.runtime), 'runtime is no text'],
      [isTexts(given.versions), 'versions are no texts'],
      [isObject(given.gpu) && typeof given.gpu.usable === 'boolean', 'gpu.usable is not true or false'],
    ),
  load: (given) =>
    firstOf(
      [isText(given.callPath), 'callPath is no text'],
      [isPrecision(given.precision), 'precision has no tf32 and fp16'],
      [isTruthOrNull(given.cudnnAutotune), 'cudnnAutotune is not true, false or null'],
      [given.threads === null || Number.isSafeInteger(given.threads), 'threads is no number or null'],
      [given.deviceUuid === null || isText(given.deviceUuid), 'deviceUuid is no text or null'],
      [['exact', 'mapped', 'own'].includes(given.weights as string), 'weights are not exact, mapped or own'],
      [typeof given.sameArchitecture === 'boolean', 'sameArchitecture is not true or false'],
      [
        Array.isArray(given.phases) && given.phases.every(isPhase),
        'phases are not conversion or engine-build',
      ],
      [given.engine === undefined || isEngine(given.engine), 'engine has no state that there is'],
    ),
  prepare: (given) => firstOf([isText(given.inputHash), 'inputHash is no text']),
  infer: (given) =>
    firstOf(
      ...interval(given),
      [Number.isSafeInteger(given.n) && (given.n as number) > 0, 'n is no count'],
      [typeof given.each === 'boolean', 'each is not true or false'],
      [Array.isArray(given.durationsMs), 'durationsMs is no list'],
    ),
  synchronise: (given) => firstOf(...interval(given)),
  outputs: (given) => firstOf([isTexts(given.outputs), 'outputs are no paths by name']),
  export: (given) =>
    firstOf(
      [isText(given.path), 'path is no text'],
      [Number.isSafeInteger(given.opset), 'opset is no number'],
      [isText(given.exporter), 'exporter is no text'],
    ),
  close: () => undefined,
};

/** What is wrong with an answer; undefined: nothing. */
export function answerFault(op: keyof Answers, answer: Given): string | undefined {
  return CHECKS[op](answer);
}

function firstOf(...checks: [boolean, string][]): string | undefined {
  return checks.find(([holds]) => !holds)?.[1];
}

function interval(given: Given): [boolean, string][] {
  const { synchronised } = given as Partial<InferAnswer>;
  return [
    [isInstant(given.startNs) && isInstant(given.endNs), 'startNs and endNs are no instants'],
    [isObject(synchronised) && typeof synchronised.confirmed === 'boolean', 'synchronised is missing'],
  ];
}

function isPrecision(value: unknown): boolean {
  return isObject(value) && isTruthOrNull(value.tf32) && isTruthOrNull(value.fp16);
}

const ENGINE_STATES = ['built', 'cache', 'pending', 'unknown'];

function isEngine(value: unknown): boolean {
  if (!isObject(value) || !ENGINE_STATES.includes(value.state as string)) return false;
  return [value.reason, value.key, value.builtAt].every((one) => one === undefined || isText(one));
}

function isPhase(value: unknown): boolean {
  return (
    isObject(value) &&
    (value.name === 'conversion' || value.name === 'engine-build') &&
    isInstant(value.startNs) &&
    isInstant(value.endNs)
  );
}
