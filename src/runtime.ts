// The application's ONNX Runtime, opened once.
import { isMainThread } from 'node:worker_threads';
import { type NativeRuntime, native } from './native.js';
import { locateRuntime } from './ort-location.js';

let guarded = false;

/** Opens the ONNX Runtime at `explicit` (folder or file), or the one that is found. */
export function openRuntime(explicit?: string): NativeRuntime {
  const addon = native();
  const runtime = addon.openRuntime(locateRuntime(explicit));
  // The process' exit ends the main thread's environment without its cleanup hooks; a worker's has them.
  if (isMainThread && !guarded) {
    guarded = true;
    process.once('exit', () => addon.beforeExit());
  }
  return runtime;
}
