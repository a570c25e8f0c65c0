// The engine cache on stand-ins for CUDA, TensorRT and ONNX Runtime's provider, which writes and reads files as the real
// one does (native/test/fakes/ort/fake_engine.cc). Every session is in a process of its own, as the cache is for them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { EngineDescription, EngineReport } from '../../src/index.js';
import { root } from '../helpers/child.js';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

type Session = Omit<EngineReport, 'creation' | 'firstRun'> & { firstRun?: { built: boolean | null } };
interface Failure {
  failed: string;
  code: string;
}

class EngineMachine extends GpuMachine {
  readonly cache = this.path('engines');
  readonly model = this.file('model.onnx', unary('Neg', 'float32', [2]));
  readonly libraryFolders = (['cuda', 'cudnn', 'tensorrt'] as const).map((one) =>
    this.put(one, `opt/${one}`),
  );

  /** A program that makes a session, runs it `runs` times, and prints what became of its engine. */
  program(provider: object = {}, options: object = {}, runs = 0): string {
    const all = {
      executionProviders: [{ name: 'tensorrt', ...provider }],
      libraryFolders: this.libraryFolders,
      onnxruntime: this.runtime,
      engineCache: this.cache,
      ...options,
    };
    const x = `{ x: new m.Tensor('float32', [1, 2], [2]) }`;
    return `const print = (value) => console.log(JSON.stringify(value, (_, x) => typeof x === 'bigint' ? String(x) : x));
      m.InferenceSession.create(${JSON.stringify(this.model)}, ${JSON.stringify(all)}).then(async (session) => {
        for (let i = 0; i < ${runs}; ++i) await session.run(${x});
        print(session.engine);
        await session.release();
      }).catch((error) => print({ failed: error.message, code: error.code }));`;
  }

  open(provider: object = {}, options: object = {}, env: NodeJS.ProcessEnv = {}, runs = 0): Session {
    return this.run<Session>(this.program(provider, options, runs), this.logged(env));
  }

  refuse(provider: object, options: object = {}): Failure {
    return this.run<Failure>(this.program(provider, options), this.logged());
  }

  logged(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { MJ_FAKE_PROVIDER_LOG: this.path('log'), ...env };
  }

  /** What the provider was told and did, in order. */
  log(): string[] {
    return readFileSync(this.path('log'), 'utf8').trim().split('\n');
  }

  did(): string[] {
    return this.log().filter((line) => !line.startsWith('{'));
  }

  description(key: string): EngineDescription {
    return JSON.parse(readFileSync(join(this.cache, key, 'engine.json'), 'utf8'));
  }
}

describe('options of the provider', () => {
  test('go through whole and as they are where nothing is asked of a cache', () => {
    const machine = new EngineMachine();
    const own = { trt_engine_cache_enable: true, trt_engine_cache_path: machine.path('own') };
    const others = { trt_fp16_enable: true, trt_max_workspace_size: 1 << 30, trt_profile_min_shapes: 'x:2' };
    mkdirSync(own.trt_engine_cache_path);
    const engine = machine.open({ deviceId: 1, ...own, ...others }, { engineCache: false });
    expect(JSON.parse(machine.log()[0] as string)).toEqual({
      device_id: '1',
      trt_engine_cache_enable: '1',
      trt_engine_cache_path: own.trt_engine_cache_path,
      trt_fp16_enable: '1',
      trt_max_workspace_size: String(1 << 30),
      trt_profile_min_shapes: 'x:2',
    });
    expect(engine).toMatchObject({
      state: 'unknown',
      ownCache: { trt_engine_cache_enable: '1', trt_engine_cache_path: own.trt_engine_cache_path },
    });
    expect(existsSync(machine.cache)).toBe(false);
  });

  test('are all passed with a cache too, and none of another cache beside ours', () => {
    const machine = new EngineMachine();
    machine.open({ trt_fp16_enable: true, trt_timing_cache_enable: true });
    const { trt_engine_cache_path, ...told } = JSON.parse(machine.log()[0] as string);
    expect(told).toEqual({
      trt_engine_cache_enable: '1',
      trt_fp16_enable: '1',
      trt_timing_cache_enable: '1',
    });
    expect(trt_engine_cache_path.startsWith(machine.cache)).toBe(true);
    for (const option of ['trt_engine_cache_enable', 'trt_engine_cache_prefix', 'trt_ep_context_file_path']) {
      const failure = machine.refuse({ [option]: 'x' });
      expect(failure).toMatchObject({ code: 'invalid-argument', failed: expect.stringContaining(option) });
    }
    expect(machine.refuse({ trt_int8_calibration_table_name: 'table' }).code).toBe('invalid-argument');
    expect(machine.refuse({}, { engineCache: 7 }).code).toBe('invalid-argument');
    expect(machine.refuse({}, { executionProviders: ['cpu'] }).failed).toContain('not in executionProviders');
  });
});

describe('an engine', () => {
  test('is built once, kept with its description, and read by the next session', () => {
    const machine = new EngineMachine();
    const first = machine.open();
    expect(first).toMatchObject({ state: 'built', kept: true, bytes: 4096 });
    const second = machine.open();
    expect(second).toMatchObject({ state: 'cache', kept: true, key: first.key, folder: first.folder });
    expect(machine.did()).toEqual(['built', 'loaded']);
    const { of, record, files } = machine.description(first.key as string);
    expect(of).toMatchObject({
      model: { name: 'model.onnx', bytes: readFileSync(machine.model).length },
      gpu: { name: 'Fake H100', computeCapability: '9.0', multiprocessors: 132 },
      driver: 'unknown',
      tensorrt: '10.6.0',
      onnxruntime: '1.30.0',
      providers: ['tensorrt'],
    });
    expect(record).toMatchObject({ stage: 'creation', builtOn: expect.stringMatching(/^GPU-f0f1/) });
    expect(second.record).toEqual(record);
    expect(files).toHaveLength(1);
    expect(readdirSync(machine.cache)).toEqual([first.key]);
  });

  test('is another one for another option, shape, model, GPU, TensorRT, driver and ONNX Runtime setting', () => {
    const machine = new EngineMachine();
    const nvml = dirname(new FakeNvml(ONE_BOARD, { origin: 'load' }).path);
    const keys = [
      machine.open(),
      machine.open({ trt_fp16_enable: true }),
      machine.open({}, { freeDimensionOverrides: { n: 2 } }),
      machine.open({}, { graphOptimizationLevel: 'basic' }),
      machine.open({}, { executionProviders: ['tensorrt', 'cuda'] }),
      machine.open({}, {}, { MJ_FAKE_GPU_NAME: 'Fake A100' }),
      machine.open({}, {}, { MJ_FAKE_TENSORRT: '101303' }),
      machine.open({}, {}, { NVIDIA_TF32_OVERRIDE: '0' }),
      machine.open({}, {}, { LD_LIBRARY_PATH: `${machine.environment().LD_LIBRARY_PATH}:${nvml}` }),
    ];
    writeFileSync(machine.model, unary('Abs', 'float32', [2]));
    keys.push(machine.open());
    expect(keys.map(({ state }) => state)).toEqual(keys.map(() => 'built'));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
    expect(machine.description(keys[6]?.key as string).of.tensorrt).toBe('10.13.3');
    expect(machine.description(keys[8]?.key as string).of.driver).not.toBe('unknown');
    // Every board of one kind takes it.
    expect(machine.open({ deviceId: 1 }).state).toBe('cache');
  });

  test('of free shapes is built in the first run, kept after it, and read from its own copy', () => {
    const machine = new EngineMachine();
    writeFileSync(machine.model, unary('Neg', 'float32', ['n']));
    const dynamic = { MJ_FAKE_ENGINE: 'dynamic' };
    expect(machine.open({}, {}, dynamic)).toMatchObject({ state: 'pending', kept: false });
    const run = machine.open({}, {}, dynamic, 2);
    expect(run).toMatchObject({ state: 'built', kept: true, firstRun: { built: true } });
    const { record, files } = machine.description(run.key as string);
    expect(record.stage).toBe('first-run');
    expect(files.map(({ name }) => name.replace(/.*\./, ''))).toEqual(['engine', 'profile']);
    const again = machine.open({}, {}, dynamic, 1);
    expect(again).toMatchObject({ state: 'cache', firstRun: { built: false } });
    expect(machine.did()).toEqual(['built', 'loaded']);
  });

  test('of free shapes is never built in a timed run, whatever the warm-up', () => {
    const machine = new EngineMachine();
    writeFileSync(machine.model, unary('Neg', 'float32', ['n']));
    const program = machine.program({}, {}, 0).replace(
      'print(session.engine);',
      `const meter = await m.Meter.open({ sources: [] , roots: { nvml: '/nowhere' } });
         const x = new m.Tensor('float32', [1, 2], [2]);
         const { engine, repetitions, warmup, start } = await session.measure({ x }, { meter, warmup: 0, repetitions: 3, idle: false });
         print({ ...engine, repetitions, warmup, before: engine.firstRun.end < start });
         await meter.close();`,
    );
    const measured = machine.run<object>(program, machine.logged({ MJ_FAKE_ENGINE: 'dynamic' }));
    expect(measured).toMatchObject({
      state: 'built',
      firstRun: { built: true },
      before: true,
      repetitions: 3,
      warmup: 0,
    });
    expect(machine.did()).toEqual(['built']);
  });

  test('that was cut on a full disk is thrown away and built anew', () => {
    const machine = new EngineMachine();
    const { key } = machine.open({}, {}, { MJ_FAKE_ENGINE: 'cut' });
    expect(machine.open()).toMatchObject({ state: 'built', key });
    expect(machine.open()).toMatchObject({ state: 'cache', key });
    expect(machine.did()).toEqual(['built', 'built', 'loaded']);
    expect(readdirSync(machine.cache)).toEqual([key]);
  });
});

describe('the cache', () => {
  test('is whole after two processes have built at once', async () => {
    const machine = new EngineMachine();
    const env = { ...process.env, ...machine.environment(machine.logged({ MJ_FAKE_BUILD_MS: '300' })) };
    // Neither begins before both have started.
    const source =
      `const m = require(${JSON.stringify(join(root, 'dist/index.js'))}); console.error('ready');` +
      `process.stdin.once('data', () => { process.stdin.destroy(); ${machine.program()} });`;
    const children = [1, 2].map(() => spawn(process.execPath, ['-e', source], { env, cwd: machine.root }));
    await Promise.all(children.map((child) => once(child.stderr, 'data')));
    const ended = await Promise.all(
      children.map(async (child) => {
        const text: Buffer[] = [];
        child.stdout.on('data', (part) => text.push(part));
        child.stdin.write('go\n');
        await once(child, 'close');
        return Buffer.concat(text).toString();
      }),
    );
    for (const text of ended) expect(JSON.parse(text)).toMatchObject({ state: 'built', kept: true });
    const after = machine.open();
    expect(after.state).toBe('cache');
    expect(readdirSync(machine.cache)).toEqual([after.key]);
  });

  test('has nothing of a build that was killed', async () => {
    const machine = new EngineMachine();
    const env = { ...process.env, ...machine.environment({ MJ_FAKE_BUILD_MS: '600000' }) };
    const source = `const m = require(${JSON.stringify(join(root, 'dist/index.js'))});${machine.program()}`;
    const child = spawn(process.execPath, ['-e', source], { env, cwd: machine.root, stdio: 'ignore' });
    const closed = new Promise((resolve) => child.on('close', resolve));
    while (!existsSync(machine.cache) || readdirSync(machine.cache).length === 0) await sleep(20);
    child.kill('SIGKILL');
    await closed;
    expect(readdirSync(machine.cache)).toEqual([expect.stringMatching(/\.work$/)]);
    expect(machine.open().state).toBe('built');
  });

  test('that cannot be made is an error before anything is built; one that vanishes is none', () => {
    const machine = new EngineMachine();
    const failure = machine.refuse({}, { engineCache: join(machine.model, 'engines') });
    expect(failure).toMatchObject({ code: 'io-failure', failed: expect.stringContaining('cannot be kept') });
    const program = `setTimeout(() => require('fs').rmSync(${JSON.stringify(machine.cache)}, { recursive: true }), 500);`;
    const env = machine.logged({ MJ_FAKE_BUILD_MS: '3000' });
    const engine = machine.run<Session>(`${program}${machine.program({}, {}, 1)}`, env);
    expect(engine).toMatchObject({
      state: 'unknown',
      kept: false,
      reason: expect.stringContaining('taken away'),
    });
  });

  test('is removed from where the session worked, also without release', () => {
    const machine = new EngineMachine();
    const program = machine.program().replace('await session.release();', 'process.exit(0);');
    const engine = machine.run<Session>(program, machine.logged());
    expect(readdirSync(machine.cache)).toEqual([engine.key]);
  });
});
