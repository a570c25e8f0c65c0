// How it ran: data path, graph, nodes, precision.
import type { Measurement, Placement, Precision, PrecisionSetting } from '../index.js';

export function runLines(m: Measurement): string[] {
  const graph = m.graph ? ', replaying a CUDA graph' : '';
  const precision = Object.entries(m.precision).map(([provider, one]) => precisionText(provider, one));
  return [
    ...boardLine(m),
    `data path      ${m.dataPath}${graph}`,
    `nodes          ${placementText(m.placement)}`,
    `precision      ${precision.join('; ')}`,
  ];
}

/** Of several boards, whose energy is the session's. */
function boardLine({ energy, conditions: { devices } }: Measurement): string[] {
  const own = devices.find(({ id }) => id === energy.board?.id);
  return own === undefined || devices.length === 1 ? [] : [`board          ${own.id}, ${own.uuid}`];
}

function placementText({ known, source, nodes }: Placement): string {
  if (!known) return 'not told by this ONNX Runtime; --placement profile finds out';
  const counts = Object.entries(nodes).map(([provider, count]) => `${count} on ${provider}`);
  const how = source === 'profile' ? ', as a run executed them' : ', as they were assigned';
  return `${counts.join(', ')}${how}`;
}

const FORMATS = { tf32: 'TF32', fp16: 'FP16', bf16: 'BF16', int8: 'INT8' } as const;

function precisionText(provider: string, precision: Precision): string {
  const texts = Object.entries(FORMATS).flatMap(([key, name]) => {
    const setting = precision[key as keyof Precision];
    return setting.from === 'not-applicable' ? [] : [settingText(name, setting)];
  });
  return `${provider} ${texts.length > 0 ? texts.join(', ') : 'in the types of the model'}`;
}

const SOURCES: Record<PrecisionSetting['from'], string> = {
  option: 'option ',
  default: 'by default, ',
  environment: '',
  'not-applicable': '',
  unknown: '',
};

function settingText(name: string, { allowed, from, detail }: PrecisionSetting): string {
  const state = allowed === null ? 'not known' : allowed ? 'allowed' : 'off';
  return detail === undefined ? `${name} ${state}` : `${name} ${state} (${SOURCES[from]}${detail})`;
}
