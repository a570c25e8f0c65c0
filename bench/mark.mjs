import { mark } from 'microjoule';
import { report } from './lib/report.mjs';
import { compareCalls } from './lib/statistics.mjs';

const [ours, baseline] = compareCalls(
  () => mark(),
  () => process.hrtime.bigint(),
);
report([{ what: 'mark()', ours, unit: 'ns', baseline, against: 'process.hrtime.bigint()', limit: 1.1 }]);
