// The tables as CSV (RFC 4180). What was not measured is an empty field; `not_measured` says why.
import { type Analysis, type CellResult, isValue, type Reading } from './types.js';

type Field = string | number | boolean | null;

const text = (field: Field): string => {
  if (field === null) return '';
  const value = String(field);
  return /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
};

function csv(rows: readonly Record<string, Field>[], columns: readonly string[]): string {
  const lines = rows.map((row) => columns.map((column) => text(row[column] ?? null)).join(','));
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`;
}

/** Columns of study.md first, each with its uncertainty behind it. */
function readingsOf(cell: CellResult): [column: string, reading: Reading, scale?: number][] {
  const { energy, perInference, idleW, latencyMs } = cell;
  return [
    ['total_energy_J', energy.total.gross],
    ['gpu_energy_J', energy.gpu.gross],
    ['cpu_energy_J', energy.cpu.gross],
    ['mean_gpu_power', cell.meanGpuPowerW],
    ['mean_gpu_util', cell.meanGpuUtilPercent],
    ['mean_gpu_mem_util', cell.meanGpuMemUtilPercent],
    ['total_elapsed_time', cell.elapsedSeconds],
    ['total_energy_net_J', energy.total.net],
    ['gpu_energy_net_J', energy.gpu.net],
    ['cpu_energy_net_J', energy.cpu.net],
    ['total_mJ_per_inference', perInference.total.gross, 1000],
    ['gpu_mJ_per_inference', perInference.gpu.gross, 1000],
    ['cpu_mJ_per_inference', perInference.cpu.gross, 1000],
    ['total_net_mJ_per_inference', perInference.total.net, 1000],
    ['gpu_net_mJ_per_inference', perInference.gpu.net, 1000],
    ['cpu_net_mJ_per_inference', perInference.cpu.net, 1000],
    ['gpu_idle_W', idleW.gpu],
    ['cpu_idle_W', idleW.cpu],
    ['latency_p50_ms', latencyMs.p50],
    ['latency_p99_ms', latencyMs.p99],
    ['inferences_per_s', cell.inferencesPerSecond],
    ['cpu_s_per_inference', cell.cpuSecondsPerInference],
  ];
}

export function cellsCsv({ cells, simulated }: Analysis): string {
  const rows = cells.map((cell): Record<string, Field> => {
    const readings = readingsOf(cell);
    return {
      model_name: cell.model,
      runtime: cell.runtime,
      provider: cell.provider,
      batch_size: cell.batch,
      ...Object.fromEntries(readings.flatMap(([column, reading, scale]) => fieldsOf(column, reading, scale))),
      n: cell.n,
      failed: cell.failed,
      excluded: cell.excluded,
      planned: cell.planned,
      status: cell.status,
      reason: cell.reason,
      subject: cell.subject,
      source: cell.source,
      call_path: cell.callPath,
      null_run: cell.null,
      cell: cell.id,
      simulated,
      not_measured: reasonsOf(readings),
    };
  });
  return csv(rows, Object.keys(rows[0] ?? {}));
}

/** Each reason once, with the columns that it is the reason of. */
function reasonsOf(readings: ReturnType<typeof readingsOf>): string {
  const columns = new Map<string, string[]>();
  for (const [column, reading] of readings) {
    if (isValue(reading)) continue;
    columns.set(reading.notMeasured, [...(columns.get(reading.notMeasured) ?? []), column]);
  }
  return [...columns].map(([reason, names]) => `${names.join(', ')}: ${reason}`).join('; ');
}

function fieldsOf(column: string, reading: Reading, scale = 1): [string, Field][] {
  const value = isValue(reading) ? scale * reading.value : null;
  const u = (half: number | null | undefined) => (typeof half === 'number' ? scale * half : null);
  const own = isValue(reading) ? reading : null;
  const combined = /energy|mJ|power/.test(column);
  return [
    [column, value],
    [`${column}_U`, u(own?.uncertainty)],
    ...(combined ? [[`${column}_U_with_gain`, u(own?.combinedUncertainty)] as [string, Field]] : []),
  ];
}

/** Runs that failed are rows, too: without figures, with the reason. */
export function runsCsv({ runs, failures, cells, simulated }: Analysis): string {
  const cellOf = new Map(cells.map((cell) => [cell.id, cell]));
  const place = (run: string, id: string): Record<string, Field> => {
    const { model, runtime, provider, batch, null: isNull } = cellOf.get(id) as CellResult;
    const names = { model_name: model, runtime, provider, batch_size: batch };
    return { run, cell: id, ...names, null_run: isNull };
  };
  const good = runs.map((run): Record<string, Field> => {
    const { total, gpu, cpu } = run.energy;
    return {
      ...place(run.id, run.cell),
      repetition: run.repetition,
      sequence: run.sequence,
      segment: run.segment,
      inferences: run.inferences,
      total_energy_J: total.gross,
      gpu_energy_J: gpu.gross,
      cpu_energy_J: cpu.gross,
      total_energy_net_J: total.net,
      gpu_energy_net_J: gpu.net,
      cpu_energy_net_J: cpu.net,
      mean_gpu_util: run.gpuUtilPercent,
      mean_gpu_mem_util: run.gpuMemUtilPercent,
      total_elapsed_time: run.seconds,
      latency_p50_ms: run.latencyP50Ms,
      latency_p99_ms: run.latencyP99Ms,
      cpu_s: run.cpuSeconds,
      status: 'ok',
      excluded: run.excluded,
      simulated,
    };
  });
  const bad = failures.map(({ run, cell, repetition, sequence, segment, status, during, reason }) => ({
    ...place(run, cell),
    ...{ repetition, sequence, segment, status, simulated },
    excluded: `${during}: ${reason}`,
  }));
  const rows = [...good, ...bad].sort((x, y) => order(x) - order(y));
  return csv(rows, [...new Set([...good, ...bad].flatMap((row) => Object.keys(row)))]);
}

const order = ({ segment, sequence }: Record<string, Field>): number =>
  1e9 * Number(segment) + Number(sequence);
