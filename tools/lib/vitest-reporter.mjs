import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './run.mjs';

/** Writes what `npm test` adds up to the file named by MICROJOULE_TEST_RESULTS. */
export default class ResultsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const results = { node: process.version, passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      const file = relative(root, module.moduleId);
      if (module.errors().length > 0) results.failed += 1;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'passed') results.passed += 1;
        else if (state === 'skipped')
          results.skipped.push({ id: `${file} > ${test.fullName}`, reason: note ?? '' });
        else results.failed += 1;
      }
      for (const suite of module.children.allSuites()) results.failed += suite.errors().length > 0 ? 1 : 0;
    }
    writeFileSync(process.env.MICROJOULE_TEST_RESULTS, JSON.stringify(results));
  }
}
