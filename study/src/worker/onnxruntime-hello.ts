import { type ProbeReport, probe } from 'microjoule';
import type { HelloAnswer, HelloRequest } from '../types/protocol.js';
import { RequestError } from './serve.js';
import { libraries } from './session-setup.js';

/** What of ONNX Runtime is here; providers are looked for, not tried: loading a model is the trial. */
export async function helloOf({
  options = {},
}: HelloRequest): Promise<Pick<HelloAnswer, 'versions' | 'gpu'>> {
  // The first ONNX Runtime of a process is the only one: it must be that of the session.
  const report = await probe({ timing: false, ...libraries(options) });
  const { onnxruntime, microjoule, node, driver } = report;
  if (!onnxruntime.found) {
    throw new RequestError(
      'not-installed',
      [onnxruntime.reason, onnxruntime.remedy].filter(Boolean).join(' '),
    );
  }
  const versions: Record<string, string> = { onnxruntime: onnxruntime.version, microjoule, node };
  if (driver.nvml) versions.driver = driver.nvml;
  if (driver.cuda) versions.cuda = driver.cuda;
  return { versions, gpu: gpuOf(report) };
}

function gpuOf({ gpus, onnxruntime }: ProbeReport): HelloAnswer['gpu'] {
  const [gpu] = gpus;
  if (!gpu) return { usable: false, reason: 'No NVIDIA GPU was found.' };
  const cuda = onnxruntime.found ? onnxruntime.providers.find(({ name }) => name === 'cuda') : undefined;
  if (cuda?.usable === false) return { usable: false, name: gpu.name, reason: cuda.reason };
  // With several boards it is CUDA that decides; load tells which it was.
  return { usable: cuda !== undefined, name: gpu.name, ...(gpus.length === 1 ? { uuid: gpu.uuid } : {}) };
}
