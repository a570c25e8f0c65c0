// Holds native/ort/ort_abi.h against ONNX Runtime's real header and records what was checked:
//   node tools/check-ort-abi.mjs
// The header comes from a package of the npm registry that carries it (150 MB, kept in .cache), so this is no part of
// `npm test`; a test compares the record with the slots that we use now.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli, Failure, must, root } from './lib/run.mjs';

const SOURCE = 'com.github.asus4.onnxruntime@0.4.9';
const INSIDE =
  'package/Plugins/iOS~/onnxruntime.xcframework/ios-arm64_x86_64-simulator/onnxruntime.framework/Headers';
const RECORD = join(root, 'native/ort/ort_abi_checked.json');

function fetchHeaders() {
  const folder = join(root, '.cache/ort-headers', SOURCE);
  if (!existsSync(join(folder, 'onnxruntime_c_api.h'))) {
    mkdirSync(folder, { recursive: true });
    must('npm', ['pack', SOURCE, '--pack-destination', folder]);
    const [archive] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    if (archive === undefined) throw new Failure(`npm pack ${SOURCE} left no archive.`);
    const depth = INSIDE.split('/').length;
    must('tar', ['-xzf', join(folder, archive), '-C', folder, `--strip-components=${depth}`, INSIDE]);
    rmSync(join(folder, archive));
  }
  return join(folder, 'onnxruntime_c_api.h');
}

await cli(async () => {
  const header = fetchHeaders();
  const compiler = process.env.CXX ?? 'c++';
  const defines = `-DMJ_ORT_REAL_HEADER="${header}"`;
  const check = join(root, 'native/test/ort_abi_check.cc');
  must(compiler, [
    '-std=c++17',
    '-fsyntax-only',
    '-Wno-ignored-attributes',
    `-I${join(root, 'native')}`,
    defines,
    check,
  ]);

  const api = /#define ORT_API_VERSION (\d+)/.exec(readFileSync(header, 'utf8'))?.[1];
  const ours = readFileSync(join(root, 'native/ort/ort_abi.h'), 'utf8');
  const slots = Object.fromEntries(
    [...ours.matchAll(/^\s+X\((\d+), (\w+),/gm)].map(([, slot, name]) => [name, Number(slot)]),
  );
  const record = {
    apiVersion: Number(api),
    release: `1.${api}`,
    header: SOURCE,
    date: new Date().toISOString().slice(0, 10),
    slots,
  };
  writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`);
  console.log(
    `${Object.keys(slots).length} slots, their signatures and the enumerators agree with ONNX Runtime 1.${api}.`,
  );
});
