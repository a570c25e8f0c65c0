import type { JournalQuantity, RunRecord, ScopeEnergy } from '../types/journal.js';
import type { Cell } from '../types/table.js';

/** One row of the main table; null is not measured, with the reason under `not_measured`. Energies are gross, J. */
export interface Row {
  model_name: string;
  runtime: string;
  provider: string;
  batch_size: number;
  status: RunRecord['status'];
  inferences: number | null;
  total_elapsed_time: number | null;
  total_energy_J: number | null;
  total_energy_J_uncertainty: number | null;
  gpu_energy_J: number | null;
  gpu_energy_J_uncertainty: number | null;
  cpu_energy_J: number | null;
  cpu_energy_J_uncertainty: number | null;
  net_energy_J: number | null;
  net_energy_J_uncertainty: number | null;
  mean_gpu_power: number | null;
  mean_gpu_util: number | null;
  mean_gpu_mem_util: number | null;
  latency_p50_ms: number | null;
  outputs_agree: boolean | null;
  simulated: boolean;
  not_measured: Record<string, string>;
  failure: string | null;
}

const CPU = ['cpu-package', 'dram'];

export function rowOf({ subject, model, batch }: Cell, record: RunRecord, simulated: boolean): Row {
  const { steady, agreement, failure, status } = record;
  const energies = steady?.energies ?? [];
  const of = (scopes: readonly string[]) => energies.filter(({ scope }) => scopes.includes(scope));
  // On the processor a board stands beside the work; its energy is none of this cell's.
  const boards = record.worker?.load?.deviceUuid ? ['board'] : [];
  const [gpu, cpu] = [sum(of(boards), 'gross'), sum(of(CPU), 'gross')];
  const all = of([...boards, ...CPU]);
  const [total, net] = [sum(all, 'gross'), sum(all, 'net')];
  return {
    model_name: model,
    runtime: subject.runtime,
    provider: subject.provider,
    batch_size: batch,
    status,
    inferences: steady?.inferences ?? null,
    total_elapsed_time: steady?.seconds ?? null,
    total_energy_J: total?.value ?? null,
    total_energy_J_uncertainty: total?.uncertainty ?? null,
    gpu_energy_J: gpu?.value ?? null,
    gpu_energy_J_uncertainty: gpu?.uncertainty ?? null,
    cpu_energy_J: cpu?.value ?? null,
    cpu_energy_J_uncertainty: cpu?.uncertainty ?? null,
    net_energy_J: net?.value ?? null,
    net_energy_J_uncertainty: net?.uncertainty ?? null,
    mean_gpu_power: gpu && steady ? gpu.value / steady.seconds : null,
    mean_gpu_util: steady?.meanGpuUtilisationPercent ?? null,
    mean_gpu_mem_util: steady?.meanGpuMemoryUtilisationPercent ?? null,
    latency_p50_ms: steady?.latencyMs.p50 ?? null,
    outputs_agree: agreement?.agrees ?? null,
    simulated,
    not_measured: Object.fromEntries(
      energies.flatMap(({ id, reason, gross }) => (gross ? [] : [[id, reason ?? 'not measured']])),
    ),
    failure: failure?.reason ?? null,
  };
}

/** Of disjoint counters, whose errors are their own; undefined where one of them gave nothing: a part is no total. */
function sum(
  energies: readonly ScopeEnergy[],
  which: 'gross' | 'net',
): Pick<JournalQuantity, 'value' | 'uncertainty'> | undefined {
  const parts = energies.map((energy) => (energy.status === 'suspect' ? undefined : energy[which]));
  if (parts.length === 0 || parts.some((part) => part === undefined)) return undefined;
  const known = parts as JournalQuantity[];
  return {
    value: known.reduce((total, part) => total + part.value, 0),
    uncertainty: Math.sqrt(known.reduce((total, part) => total + part.uncertainty ** 2, 0)),
  };
}
