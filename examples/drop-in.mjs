// A program written for onnxruntime-node changes its import and nothing else; create and run leave the event loop free.
import { InferenceSession, Tensor } from 'microjoule';
import { cachedModel } from 'microjoule-models';

const session = await InferenceSession.create(await cachedModel('mobilenetv2'), {
  executionProviders: ['cpu'],
  graphOptimizationLevel: 'all',
});
const [name] = session.inputNames;
const feeds = { [name]: new Tensor('float32', new Float32Array(3 * 224 * 224), [1, 3, 224, 224]) };
const results = await session.run(feeds);
const output = results[session.outputNames[0]];
console.log(output.type, output.dims.join('x'), output.data.length);
await session.release();
