// The energy of anything that a function does.
import { Meter } from 'microjoule';

const meter = await Meter.open();
try {
  const w = await meter.measure(async () => {
    let sum = 0;
    for (let i = 0; i < 2e7; i += 1) sum += Math.sqrt(i);
    return sum;
  });
  console.log(`result ${w.result}, ${w.durationMs.toFixed(1)} ms`);
  for (const energy of Object.values(w.energy.scopes)) {
    console.log(
      energy.id,
      energy.status,
      energy.status === 'unsupported' ? energy.reason : `${energy.value} ± ${energy.uncertainty} J`,
    );
  }
} finally {
  await meter.close();
}
