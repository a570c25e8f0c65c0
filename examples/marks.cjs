// Windows are two instants; they nest and overlap, and one call resolves many.
const { Meter, mark } = require('microjoule');

async function main() {
  const meter = await Meter.open();
  const out = new Float64Array(meter.channels.length);
  const marks = [mark()];
  for (let step = 0; step < 5; step += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    marks.push(mark());
    meter.read(out); // joules since open of each channel; NaN: not measured
  }
  const pairs = BigInt64Array.from(marks.slice(1).flatMap((end, i) => [marks[i], end]));
  const reports = await meter.energies(pairs);
  for (const report of reports) {
    const scopes = Object.values(report.scopes).map((e) => `${e.id} ${e.status}`);
    console.log(`${report.durationMs.toFixed(1)} ms: ${scopes.join(', ') || 'no counter'}`);
  }
  await meter.close();
}

main();
