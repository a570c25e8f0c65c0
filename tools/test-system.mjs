// `npm run test:system`: sanitizers, valgrind, and builds from the packed sources. Slower than `npm test`.
import { buildWithNodeGyp, installWithPnpm, prebuild } from './lib/builds.mjs';
import { cmakeBuild } from './lib/cmake.mjs';
import { nativeTests } from './lib/native-tests.mjs';
import { cli, run, tool, version } from './lib/run.mjs';
import { Summary } from './lib/summary.mjs';

const BINARY = 'native/test/native_tests';
// What they run is run by other tests too; `npm test` runs them all.
const WITHOUT_STATISTICS = { MJ_TESTS_WITHOUT: 'statistics:' };

/** The reason why a Debian package is not there, or null; installs it where we may. */
function missingPackage(command, packageName) {
  if (version(command)) return null;
  if (!version('apt-get')) return `${command} is not installed, and this is not a Debian system`;
  if (process.getuid() !== 0)
    return `${command} is not installed, and only root can (apt-get install ${packageName})`;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], { quiet: true, env });
  const { ok, output } = run('apt-get', ['install', '-y', '-q', packageName], { quiet: true, env });
  return ok ? null : `apt-get install ${packageName} failed: ${output.trim().split('\n').at(-1)}`;
}

function sanitized(folder, sanitizers, wrapper, env) {
  cmakeBuild(folder, [`SANITIZE=${sanitizers}`, 'CMAKE_BUILD_TYPE=RelWithDebInfo', 'WERROR=ON']);
  return nativeTests(`${folder}/${BINARY}`, {
    label: sanitizers,
    wrapper,
    env: { ...WITHOUT_STATISTICS, ...env },
    timeoutMs: 300_000,
  });
}

function valgrind(tool, ...options) {
  // Its threads take turns; unfair ones starve whoever waits for a thread that does not.
  const fair = '--fair-sched=yes';
  const wrapper = ['valgrind', `--tool=${tool}`, fair, '--error-exitcode=99', '-q', ...options];
  return nativeTests(`build-test/${BINARY}`, {
    label: tool,
    wrapper,
    env: WITHOUT_STATISTICS,
    timeoutMs: 900_000,
  });
}

async function reportInBrowser(summary) {
  const missing = missingPackage('chromium', 'chromium');
  if (missing) {
    summary.skip('the report in a browser', missing);
    return;
  }
  const test = () => run(process.execPath, ['study/test/system/report.mjs']).ok;
  await summary.check('the report in a browser', test);
}

async function studyOnSlurm(summary) {
  const missing = missingPackage('slurmd', 'slurm-wlm');
  if (missing) {
    summary.skip('a study on Slurm', missing);
    return;
  }
  const test = () => run(process.execPath, ['study/test/system/slurm.mjs']).ok;
  await summary.check('a study on Slurm', test);
}

await cli(async () => {
  const summary = new Summary();
  await summary.check('address and undefined-behaviour sanitizers', () =>
    sanitized('build-asan', 'address,undefined', [], {
      ASAN_OPTIONS: 'detect_stack_use_after_return=1',
      LSAN_OPTIONS: 'suppressions=tools/lsan.supp',
    }),
  );
  // Without -R the randomised layout of newer kernels collides with the thread sanitizer's shadow memory.
  await summary.check('thread sanitizer', () =>
    sanitized('build-tsan', 'thread', ['setarch', '-R'], { TSAN_OPTIONS: 'suppressions=tools/tsan.supp' }),
  );

  const missing = missingPackage('valgrind', 'valgrind');
  if (missing) {
    summary.skip('valgrind', missing);
  } else {
    // Leaks are the address sanitizer's part: it knows what a singleton still points at.
    await summary.check('valgrind memcheck', () =>
      valgrind('memcheck', '--suppressions=tools/memcheck.supp'),
    );
    await summary.check('valgrind helgrind', () =>
      valgrind('helgrind', '--suppressions=tools/helgrind.supp'),
    );
  }

  await reportInBrowser(summary);
  await studyOnSlurm(summary);
  await summary.check('API documentation', () => run(process.execPath, [tool('typedoc/bin/typedoc')]).ok);
  await summary.check('prebuild', prebuild);
  await summary.check('packed sources, built by node-gyp', buildWithNodeGyp);
  await summary.check('installed by pnpm', installWithPnpm);
  summary.finish();
});
