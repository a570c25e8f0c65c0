// The application's ONNX Runtime, opened once.
import { type NativeRuntime, native } from './native.js';
import { locateRuntime } from './ort-location.js';

let guarded = false;

/** Opens the ONNX Runtime at `explicit` (folder or file), or the one that is found. */
export function openRuntime(explicit?: string): NativeRuntime {
  const addon = native();
  const runtime = addon.openRuntime(locateRuntime(explicit));
  // The process' exit ends the main thread's environment without its cleanup hooks; a worker's has them.
  if (!guarded && onMainThread()) {
    guarded = true;
    process.once('exit', (code) => addon.beforeExit(code));
  }
  return runtime;
}

// Loaded on use: it is a third of what importing this package would cost.
function onMainThread(): boolean {
  return (require('node:worker_threads') as typeof import('node:worker_threads')).isMainThread;
}
