// Two kinds of work that alternate faster than a GPU's energy counter moves, told apart by many occurrences.
import { Meter, mark, phaseLengths } from 'microjoule';

const OCCURRENCES = 300;
const numbers = Float64Array.from({ length: 4096 }, (_, i) => i + 0.5);
const kinds = {
  arithmetic: () => numbers.reduce((sum, x) => sum + Math.sqrt(x * x + 1), 0),
  sorting: () => Float64Array.from(numbers).reverse().sort(),
};

const meter = await Meter.open();
try {
  const names = Object.keys(kinds);
  // Lengths that vary and an order at random: phases that keep step with the counter could not be told apart.
  const lengths = phaseLengths(5, OCCURRENCES);
  const order = phaseLengths(1, OCCURRENCES, { spread: 1, seed: 2 });
  const phases = [];
  for (let i = 0; i < OCCURRENCES; i += 1) {
    const label = names[order[i] < 1 ? 0 : 1];
    const a = mark();
    const until = a + BigInt(Math.round(lengths[i] * 1e6));
    let b = a;
    while (b < until) {
      kinds[label]();
      b = mark();
    }
    phases.push({ label, a, b });
  }

  const { scopes, durationMs } = await meter.attribute(phases);
  console.log(`${phases.length} phases in ${durationMs.toFixed(0)} ms`);
  for (const [id, scope] of Object.entries(scopes)) {
    console.log(`${id}: ${scope.status}${'reason' in scope ? `: ${scope.reason}` : ''}`);
    for (const [label, { power, perOccurrence, occurrences }] of Object.entries(scope.labels ?? {})) {
      if (!power) continue;
      const watts = `${power.value.toFixed(1)} ± ${power.uncertainty.toFixed(1)} W`;
      const mJ = `${(1e3 * perOccurrence.value).toFixed(1)} ± ${(1e3 * perOccurrence.uncertainty).toFixed(1)} mJ`;
      console.log(`  ${label}: ${watts}, ${mJ} each, ${occurrences} times`);
    }
    for (const note of scope.notes ?? []) console.log(`  ${note}`);
  }
} finally {
  await meter.close();
}
