// What building a session's engines took: from a meter that was open then, or from the record beside them.
import { invalidArgument, MicrojouleError } from '../errors.js';
import type { Meter } from '../meter.js';
import { jsonable } from '../plain.js';
import { attachBoard, type DeviceIdentity } from '../session-energy.js';
import type { Energy, EnergyReport } from '../types/energy.js';
import type { BuildCost, BuildCostOptions, BuildEnergy, EngineRecord } from '../types/engine.js';
import type { SessionEngine } from './session-engine.js';
import { describeAnew } from './store.js';

const NS_PER_MS = 1e6;

export async function buildCost(
  engine: SessionEngine | undefined,
  device: DeviceIdentity | null,
  meter: Meter,
  options: BuildCostOptions,
): Promise<BuildCost> {
  if (engine === undefined) {
    throw invalidArgument('The session has no TensorRT, and built no engine.', 'See session.providers.');
  }
  const { built, report } = engine;
  if (built !== undefined) {
    const cost = await measured(built, device, meter, options);
    await record(engine, cost);
    return cost;
  }
  if (report.record !== undefined) return recorded(report.record);
  throw new MicrojouleError(
    'not-supported',
    `What the engine cost is not known: ${report.reason ?? 'it is built in the first run, which was not yet'}`,
    'Run the session first, or keep engines with engineCache.',
  );
}

async function measured(
  { start, end, stage }: NonNullable<SessionEngine['built']>,
  device: DeviceIdentity | null,
  meter: Meter,
  { idle, ...wait }: BuildCostOptions,
): Promise<BuildCost> {
  const gross = await meter.energy(start, end, { ...wait, kind: 'window' });
  const net = idle && (await meter.energy(start, end, { ...wait, kind: 'caused', idle }));
  attachBoard(gross, 'tensorrt', device, meter.devices);
  return {
    source: 'measured',
    at: new Date().toISOString(),
    stage,
    durationMs: Number(end - start) / NS_PER_MS,
    scopes: energiesOf(gross, net),
    ...(gross.board && gross.board.status !== 'unsupported' ? { board: gross.board.id } : {}),
    ...(gross.simulated ? { simulated: true } : {}),
  };
}

function energiesOf(gross: EnergyReport, net: EnergyReport | undefined): Record<string, BuildEnergy> {
  return Object.fromEntries(
    Object.entries(gross.scopes).map(([id, energy]) => [
      id,
      { gross: energy, ...netOf(energy, net?.scopes[id]) },
    ]),
  );
}

function netOf(gross: Energy, net: Energy | undefined): Omit<BuildEnergy, 'gross'> {
  if (gross.status === 'unsupported') return {};
  if (net === undefined) return { netReason: 'No quiet time was declared beside the build.' };
  return 'reason' in net ? { netReason: net.reason } : { net };
}

function recorded({ builtAt, stage, durationMs, scopes = {}, board, simulated }: EngineRecord): BuildCost {
  return {
    source: 'recorded',
    at: builtAt,
    stage,
    durationMs,
    scopes,
    ...(board === undefined ? {} : { board }),
    ...(simulated ? { simulated } : {}),
  };
}

/** Beside the engines, for sessions that read them. */
async function record(engine: SessionEngine, { scopes, board, simulated }: BuildCost): Promise<void> {
  const { kept } = engine;
  if (kept === undefined) return;
  const known = Object.entries(scopes).filter(([, { gross }]) => gross.status !== 'unsupported');
  const { description, root } = kept;
  description.record = {
    ...description.record,
    scopes: jsonable(Object.fromEntries(known)) as Record<string, BuildEnergy>,
    ...(board === undefined ? {} : { board }),
    ...(simulated ? { simulated } : {}),
  };
  await describeAnew(root, description);
}
