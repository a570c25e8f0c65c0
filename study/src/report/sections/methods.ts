// The methods paragraph, from the configuration that was run.
import { modelName, runtimeName } from '../../analysis/names.js';
import type { Analysis } from '../../analysis/types.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { details, list, section } from '../parts.js';

export function methods({ analysis }: Context): Html {
  return section(
    'methods',
    'Methods',
    paragraphs(analysis).map((text) => html`<p>${text}</p>`),
    environment(analysis),
  );
}

function paragraphs({ table, machines, groups, simulated }: Analysis): string[] {
  const {
    protocol,
    models,
    batches,
    subjects,
    repetitions,
    seed,
    nullRun,
    outliers,
    compat2024,
    sequenceLength,
  } = table;
  const { warmup, idle, stability } = protocol;
  const runtimes = [...new Set(subjects.map(({ runtime }) => runtimeName(runtime)))];
  const sequence = models.includes('bert-base') ? ` Sequences of BERT had ${sequenceLength} tokens.` : '';
  const net = groups.some(({ energy }) => energy?.metric === 'net');
  return [
    ...(simulated
      ? ['SIMULATED: the energy counters were a labelled fake, and no energy below was measured.']
      : []),
    `${words(runtimes)} ran ${words(models.map(modelName))} at batch ${words(batches.map(String))}, ${subjects.length} subjects in all, on ${machines.length === 1 ? 'one machine' : `${machines.length} machines`}. All used the same seeded weights and inputs where the architecture allows it, and their outputs were compared; a cell that disagreed is not ranked.${sequence}`,
    `Each cell was run ${repetitions} times, each run in a process of its own, interleaved: repetition by repetition, the order of each shuffled with seed ${seed}. ${nullRun ? `The null run repeated the subject ${nullRun.subject} under another name; what it shows of a difference is the floor below which nothing is called one.` : 'No null run was made.'}`,
    `Before a run began, the relative standard deviation of power had to be below ${100 * stability.powerRelativeSd} %, the load average below ${stability.loadAverage1}, and the temperature within ${stability.temperatureC} °C of that before the first run, for at most ${stability.timeoutSeconds} s; between runs lay at least ${protocol.cooldownSeconds} s. Idle power was taken for ${idle.bareSeconds} s without a worker and ${idle.residentSeconds} s with the model resident, before and after. At least ${warmup.inferences} inferences and ${warmup.seconds} s of warm-up were dropped, and until the temperature rose by less than ${warmup.maxSlopeCPerMinute} °C a minute. The steady state lasted at least ${protocol.windowSeconds} s and ended with a confirmed synchronisation; loading, conversion, engine builds and the first call are phases of their own and in none of its figures.${engines(table)}${overhead(protocol)}`,
    `Energy is that of counters (NVML for the board, RAPL for packages and DRAM), by microjoule; nothing modelled is in it, and what has no counter is “not measured”. Gross energy is all that was taken in the window, net energy what was above idle with the model resident. ${net ? 'Cells are compared by net energy.' : ''}`,
    'A cell’s value is the mean over its runs. Its 95 % interval joins the scatter between runs (Student’s t) with what all runs share: errors of one correlation key add linearly and do not shrink with the number of runs. Ratios are intervals by Fieller’s theorem, in which what both sides share cancels, as does the gain of one board.',
    `Something is called a difference where the interval of the ratio leaves out 1, the pair’s test succeeds at 5 % after Holm’s correction, and the difference is above the null floor: the far end of the interval of the null run’s ratio. Outliers: ${outliers.rule === 'none' ? 'no rule, and nothing was excluded as one' : `outside the quartiles by more than ${outliers.factor} times their distance, in every cell`}.${compat2024.enabled ? ` Beside it ran the method of 2024: power polled each 10 ms, the mean of ${compat2024.idleSeconds} s of idle subtracted.` : ''}`,
  ].map((text) => text.trim());
}

function overhead({ overheadSeconds }: Analysis['table']['protocol']): string {
  if (!(overheadSeconds > 0)) return '';
  return ` Before it, ${overheadSeconds} s of short blocks with a second meter and without, in turn, told what sampling does to the time of an inference.`;
}

function engines({ subjects }: Analysis['table']): string {
  const own = subjects.filter(({ provider }) => provider === 'tensorrt');
  if (own.length === 0) return '';
  const each = own.filter(({ engineCache }) => engineCache === false).map(({ id }) => id);
  if (each.length === own.length) return ' TensorRT’s engines were built in each run.';
  const but = each.length > 0 ? `, but for ${words(each)}, which built in each run` : '';
  return ` TensorRT’s engines were built once a cell and kept${but}.`;
}

function words(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

function environment({ machines, versions, cells, tableHash, table, shards }: Analysis): Html {
  const machineLines = machines.map(
    ({ hostname, cpu, logicalCpus, memoryBytes, kernel, os, governor, gpus, driver }) => {
      const boards = gpus.map(
        ({ name, powerLimitW }) => `${name}${powerLimitW ? ` (limit ${powerLimitW} W)` : ''}`,
      );
      const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`;
      return `${hostname}: ${cpu}, ${logicalCpus} logical processors, ${memory}; ${boards.join(', ') || 'no GPU'}; ${os}, Linux ${kernel}, governor ${governor ?? 'unknown'}, driver ${driver ?? 'none'}`;
    },
  );
  const versionsOf = (all: Record<string, string>) =>
    Object.entries(all)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ');
  const runtimes = new Map(
    cells
      .filter(({ null: isNull, versions: own }) => !isNull && Object.keys(own).length > 0)
      .map(({ label, versions: own }) => [label, `${label}: ${versionsOf(own)}`]),
  );
  return html`${details('Environment', list([...machineLines, versionsOf(versions), ...runtimes.values(), ...(shards.length > 0 ? [`shards: ${shards.map(({ index, of }) => `${index}/${of}`).join(', ')}`] : [])].filter((line) => line !== '')))}
${details(`Run table (SHA-256 ${tableHash.slice(0, 12)}…)`, html`<pre tabindex="0">${JSON.stringify(table, null, 2)}</pre>`)}`;
}
