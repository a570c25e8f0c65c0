// Do the phases alone add up to the whole inference?
import type { Attribution, ChannelAttribution } from '../types/attribution.js';
import type { Quantity } from '../types/energy.js';
import type { Closure, EnergyClosure, PhasesClosure, SegmentKind } from '../types/phases.js';
import { type Calls, type CallTimes, energyOfCalls } from './energy.js';

const ASSUMPTION =
  'A phase costs inside an inference what it costs back to back with its own kind: same clocks, same state of caches and links, nothing overlapped.';

/** A closure is said to be blurred where U of the difference exceeds this part of the whole. */
const TOO_WIDE = 0.1;

const SUM: Calls = [
  ['host-to-device', 1],
  ['compute', 1],
  ['device-to-host', 1],
];
const WHOLE: Calls = [['whole', 1]];
const DIFFERENCE: Calls = [...SUM, ['whole', -1]];

/** `board`: id of the session's own device. */
export function closureOf(
  attribution: Attribution,
  times: CallTimes,
  board: string | undefined,
): PhasesClosure {
  const scopes = Object.fromEntries(
    Object.entries(attribution.scopes).map(([id, channel]) => [id, energyClosure(channel, times)]),
  );
  const own = board === undefined ? undefined : scopes[board];
  const time = closure((calls) => timeOfCalls(times, calls)) as Closure;
  return {
    assumption: ASSUMPTION,
    time,
    scopes,
    ...(own === undefined ? {} : { board: own }),
    notes: notesOf(time, own),
  };
}

function energyClosure(channel: ChannelAttribution, times: CallTimes): EnergyClosure {
  const { id, scope } = channel;
  if (channel.status === 'unsupported' || channel.status === 'suspect') {
    return { id, scope, status: 'unknown', reason: channel.reason };
  }
  const of = (net: boolean) => closure((calls) => energyOfCalls(channel, times, calls, net));
  const gross = of(false);
  if (gross === undefined) {
    const reason = "The counter's intervals do not show the powers of all phases apart.";
    return { id, scope, status: 'unknown', reason };
  }
  const net = of(true);
  const status = gross.closes ? 'closed' : 'open';
  return { id, scope, status, gross, ...(net === undefined ? {} : { net }) };
}

function closure(of: (calls: Calls) => Quantity | undefined): Closure | undefined {
  const [sum, whole, difference] = [of(SUM), of(WHOLE), of(DIFFERENCE)];
  if (sum === undefined || whole === undefined || difference === undefined) return undefined;
  return {
    sum,
    whole,
    difference,
    relative: difference.value / whole.value,
    closes: Math.abs(difference.value) <= difference.uncertainty,
  };
}

function timeOfCalls(times: CallTimes, calls: Calls): Quantity {
  const time = (kind: SegmentKind) => times.get(kind) as Quantity;
  const value = calls.reduce((sum, [kind, count]) => sum + count * time(kind).value, 0);
  const squares = calls.reduce((sum, [kind, count]) => sum + (count * time(kind).uncertainty) ** 2, 0);
  const uncertainty = Math.sqrt(squares);
  return { value, uncertainty, combinedUncertainty: uncertainty, unit: 'ms' };
}

function notesOf(time: Closure, energy: EnergyClosure | undefined): string[] {
  const notes: string[] = [];
  if (!time.closes) notes.push(sentence('take', 'time', time));
  if (energy !== undefined && energy.status === 'open') notes.push(sentence('cost', 'energy', energy.gross));
  if (notes.length > 0) {
    notes.push(
      'So the figures of single phases are those of phases back to back, not their parts of an inference.',
    );
  }
  if (energy !== undefined && energy.status !== 'unknown' && blurred(energy.gross)) {
    notes.push(
      `Whether energy adds up is known to ± ${share(energy.gross, energy.gross.difference.uncertainty)} % of a whole inference only: a longer durationMs tells more.`,
    );
  }
  return notes;
}

function blurred({ difference, whole }: Closure): boolean {
  return difference.uncertainty > TOO_WIDE * Math.abs(whole.value);
}

/** In percent of the whole. */
function share({ whole }: Closure, value: number): string {
  return ((100 * value) / whole.value).toFixed(1);
}

function sentence(verb: string, what: string, closed: Closure): string {
  const { sum, difference } = closed;
  return `Alone the three phases ${verb} ${share(closed, sum.value)} % of the ${what} of a whole inference (difference ${share(closed, difference.value)} ± ${share(closed, difference.uncertainty)} %): they do not add up to it.`;
}
