// For rehearsals of scripts that need a session on a GPU: the tests' stand-ins for CUDA, its provider and the board.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..');
const FAKES = join(root, 'build-test/native/test/fakes');
const DRIVER = join(FAKES, 'cuda');
const FIRST = 'device GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff 00000000:A0:00.0 Fake H100\n';
const SECOND = 'device GPU-f1f2f3f4-f5f6-f7f8-f9fa-fbfcfdfeff00 00000000:A1:00.0 Fake H100\n';
const BOARD = `${FIRST}follow-cpu 60 150\n`;
/** In NVML's order the first one is CUDA's second. */
export const TWO_BOARDS = `${SECOND}base 100\n${BOARD}`;

/** The driver must be where the loader looks when the process begins: runs this script once more, and ends with it. */
export function beginWithFakeDriver() {
  if (process.env.LD_LIBRARY_PATH?.split(':').includes(DRIVER)) return;
  const env = { ...process.env, LD_LIBRARY_PATH: DRIVER };
  process.exit(spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' }).status ?? 1);
}

/** Where a session finds the stand-ins, and a meter its board. */
export function fakeGpu(boards = BOARD) {
  const folder = mkdtempSync(join(tmpdir(), 'mj-rehearsal-'));
  const put = (from, to) => cpSync(join(FAKES, from), join(folder, to), { recursive: true });
  for (const product of ['runtime', 'providers']) put(`gpu/${product}`, 'runtime');
  put('gpu/cuda/libcublasLt.so.13', 'runtime/libonnxruntime_providers_shared.so');
  for (const product of ['cuda', 'cudnn']) put(`gpu/${product}`, 'libraries');
  put('nvml/libnvidia-ml.so.1', 'libnvidia-ml.so.1');
  writeFileSync(join(folder, 'libnvidia-ml.so.1.script'), boards);
  return {
    roots: { nvml: join(folder, 'libnvidia-ml.so.1') },
    onnxruntime: join(folder, 'runtime'),
    libraryFolders: [join(folder, 'libraries')],
    close: () => rmSync(folder, { recursive: true }),
  };
}
