// One synchronised call: runs a model, times every run on the thread that ran it, and gives the energy it caused.
//   node examples/measure-inference.mjs [model.onnx]
import { InferenceSession, Tensor } from 'microjoule';
import { cachedModel } from 'microjoule-models';

const session = await InferenceSession.create(process.argv[2] ?? (await cachedModel('mobilenetv2')));
const input = new Tensor('float32', new Float32Array(3 * 224 * 224).fill(0.5), [1, 3, 224, 224]);
const feeds = { [session.inputNames[0]]: input };

const m = await session.measure(feeds, { repetitions: 50, idle: { beforeMs: 300, afterMs: 300 } });

console.log(`${m.repetitions} runs, p50 ${m.latency.p50.toFixed(3)} ms, p99 ${m.latency.p99.toFixed(3)} ms`);
for (const energy of Object.values(m.energy.scopes)) {
  if (energy.status === 'unsupported') {
    console.log(`${energy.id}: not measured: ${energy.reason}`);
  } else if (energy.perInference) {
    const { value, uncertainty, combinedUncertainty } = energy.perInference;
    const mJ = (joules) => (joules * 1000).toFixed(2);
    console.log(
      `${energy.id}: ${mJ(value)} ± ${mJ(uncertainty)} (± ${mJ(combinedUncertainty)} with gain) mJ a run, ${energy.status}`,
    );
  }
}
await session.release();
