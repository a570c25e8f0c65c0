import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/** Adds up checks and tests, and knows which skips are expected. */
export class Summary {
  passed = 0;
  failures = [];
  skips = [];

  add({ passed = 0, failures = [], skips = [] }) {
    this.passed += passed;
    this.failures.push(...failures);
    this.skips.push(...skips);
  }

  /** Runs one check; it fails by throwing or by returning false. Anything it returns beside booleans is added up. */
  async check(name, body) {
    console.log(`\n--- ${name}`);
    const started = Date.now();
    let result;
    try {
      result = await body();
    } catch (error) {
      console.error(error.message);
      result = false;
    }
    if (typeof result === 'object') this.add(result);
    else if (result === false) this.add({ failures: [name] });
    else this.add({ passed: 1 });
    console.log(`--- ${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }

  skip(id, reason) {
    this.add({ skips: [{ id, reason }] });
  }

  /** Prints failures and skips, and as the last line the counts; sets the exit code. */
  finish() {
    const expected = JSON.parse(readFileSync(join(root, 'test/expected-skips.json'), 'utf8'));
    const isExpected = ({ id, reason }) =>
      reason !== '' && expected.some((skip) => id === skip.id || id.startsWith(`${skip.id} > `));
    const unexpected = this.skips.filter((skip) => !isExpected(skip));
    console.log('');
    for (const { id, reason } of this.skips) console.log(`skipped: ${id}: ${reason || 'no reason given'}`);
    for (const name of this.failures) console.log(`FAILED: ${name}`);
    for (const { id } of unexpected)
      console.log(`FAILED: ${id} is skipped, but test/expected-skips.json does not list it`);
    const failed = this.failures.length + unexpected.length;
    process.exitCode = failed > 0 || this.passed === 0 ? 1 : 0;
    console.log(`${this.passed} passed, ${failed} failed, ${this.skips.length - unexpected.length} skipped`);
  }
}
