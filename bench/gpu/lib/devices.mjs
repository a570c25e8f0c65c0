// Two devices under test: their measurements, and what is asked of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { loopOf } from './checks.mjs';
import { boardsOf, feeds, others, own } from './on-gpus.mjs';

// Beside U: the load is held at the power limit, where its energy follows the temperature of the board.
const DRIFT = 0.04;
// What a board at rest may rise beside one at work: the air of the case is shared, and clocks and heat settle. W.
const REST = 15;

export class Devices {
  constructor(check, sessions, meter, rehearse) {
    Object.assign(this, { check, sessions, meter, rehearse });
    this.uuids = sessions.map(({ device }) => device.uuid);
    this.options = { minDurationMs: rehearse ? 200 : 1500, idle: { beforeMs: 500, afterMs: 500 } };
  }

  async measure(i, more = {}) {
    const session = this.sessions[i];
    return boardsOf(session, await session.measure(feeds, { ...this.options, meter: this.meter, ...more }));
  }

  /** The session's own board has the energy, and nobody else was at work. Energies of a rehearsal say nothing. */
  clean(told) {
    const { board, device, otherSessions } = told;
    const status = this.rehearse ? board.status !== 'unsupported' : board.status === 'ok';
    return board.uuid === device.uuid && status && otherSessions.length === 0;
  }

  /** The same energy but for both uncertainties and the drift. */
  same(one, two) {
    const [a, b] = [one, two].map((told) => {
      const { value, uncertainty } = own(told);
      return { value: value / told.repetitions, u: uncertainty / told.repetitions };
    });
    const ratio = b.value / a.value;
    const allowed = Math.hypot(a.u / a.value, b.u / b.value) + DRIFT;
    return { ratio, allowed, holds: this.rehearse || Math.abs(ratio - 1) <= allowed };
  }

  /** The windows lie beside each other; those of a rehearsal are short, and its machine is busy. */
  together(told) {
    const overlap = overlapOf(told);
    return { overlap, parallel: overlap > (this.rehearse ? 0 : 0.7) };
  }

  /** The session's board rose above its idle power, and no other did. */
  roseAlone(told) {
    const rise = ({ meanW, idleW }) => meanW - idleW;
    return (
      this.rehearse ||
      (rise(own(told)) > 4 * REST && others(told).every((board) => Math.abs(rise(board)) < REST))
    );
  }

  /** Work of a process that has ended is still counted by the driver for a second or more, and for the quiet time after. */
  async forget() {
    if (!this.rehearse) await sleep(2500);
  }

  /** What `work` gives while the session of another device runs, and the instants at which its runs ended. */
  async besideRuns(i, work) {
    const stop = loopOf(this.sessions[i], feeds);
    const told = await work().finally(stop);
    return [told, await stop()];
  }

  /** The energies of a run beside those of the same alone. */
  alike(name, told) {
    const ratios = told.map((one, i) => this.same(this.alone[i], one));
    this.check(
      `${name}: a run takes the energy that it takes alone`,
      ratios.every(({ holds }) => holds),
      {
        ratios,
        joules: told.map((one) => own(one).value / one.repetitions),
        p50Ms: told.map(({ p50Ms }) => p50Ms),
        p50AloneMs: this.alone.map(({ p50Ms }) => p50Ms),
      },
    );
  }

  /** This board, by both of its names, rose in power, and the others did not. */
  rose(told, uuid) {
    const bus = this.boards.find((board) => board.uuid === uuid)?.pciBusId;
    const named = told.device.uuid === uuid && told.device.pciBusId.toLowerCase() === bus?.toLowerCase();
    return named && this.roseAlone(told);
  }

  /** The same, and its energy stands. */
  isBoard(told, uuid) {
    return this.rose(told, uuid) && this.clean(told);
  }
}

/** Of the shorter of two windows, the share in which both lasted. */
function overlapOf(told) {
  const [starts, ends] = ['startNs', 'endNs'].map((name) =>
    told.map((one) => Number(BigInt(one[name]) - BigInt(told[0].startNs))),
  );
  const lengths = starts.map((start, i) => ends[i] - start);
  return (Math.min(...ends) - Math.max(...starts)) / Math.min(...lengths);
}
