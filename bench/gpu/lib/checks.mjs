// What the scripts share that print PASS or FAIL a line: the list of checks, sessions that run beside a measurement, in
// this process or another, and the figures of one.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mark } from './board.mjs';

/** Checks, each printed as it is made; `finish` writes them, and lets the process end with 0 where all passed. */
export function checklist() {
  const results = [];
  const began = performance.now();
  const check = (name, passed, figures) => {
    results.push({ name, passed, figures });
    console.log(`${passed ? 'PASS' : 'FAIL'}  ${name}  ${JSON.stringify(figures)}`);
  };
  return {
    check,
    /** Several checks in one; what it throws is a failed one, and the others are made all the same. */
    async attempt(name, work) {
      await work().catch(({ code, message }) => check(name, false, { code, message }));
    },
    finish(out, more = {}) {
      const passed = results.filter((one) => one.passed).length;
      const seconds = (performance.now() - began) / 1000;
      console.log(`${passed} of ${results.length} passed, ${seconds.toFixed(1)} s`);
      const told = { date: new Date().toISOString(), seconds, ...more, results };
      if (out !== undefined) writeFileSync(out, `${JSON.stringify(told, null, 1)}\n`);
      process.exitCode = passed === results.length ? 0 : 1;
    },
  };
}

/** Runs until it is told to end; gives the instants at which the runs had ended. */
export function loopOf(session, feeds) {
  let on = true;
  const runs = (async () => {
    const ends = [];
    while (on) {
      await session.run(feeds);
      ends.push(mark());
      await new Promise(setImmediate);
    }
    return ends;
  })();
  return () => {
    on = false;
    return runs;
  };
}

export const figuresOf = ({ energy, conditions, latency }) => ({
  status: energy.board?.status,
  cause: energy.board?.cause,
  joules: energy.board?.value,
  u: energy.board?.uncertainty,
  otherWork: conditions.devices.map(({ otherWork }) => otherWork),
  busyProcesses: conditions.devices.flatMap(({ busyProcesses }) => busyProcesses),
  otherSessions: conditions.otherSessions,
  p50Ms: latency.p50,
});

/** Nobody else was at work. Without NVML (`energy` false) there is no energy to be suspect. */
export const clean = (m, energy) =>
  m.conditions.otherSessions.length === 0 && (!energy || m.energy.board?.status === 'ok');

/** A process of its own that runs this script in another role; `next` gives its next message. */
export function child(file, args, env) {
  const started = fork(file, args, { env: { ...process.env, ...env } });
  const next = () =>
    new Promise((resolve, reject) => {
      started.once('message', resolve);
      started.once('exit', (code) => reject(new Error(`the child ended with ${code}`)));
    });
  const kill = () => {
    const exited = new Promise((resolve) => started.once('exit', resolve));
    started.kill('SIGKILL');
    return exited;
  };
  return { started, next, kill };
}
