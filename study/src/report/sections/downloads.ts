import { gzipSync } from 'node:zlib';
import { cellsCsv, runsCsv } from '../../analysis/csv.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { section } from '../parts.js';

/** The data themselves, in the page. */
export function downloads({ analysis, journal }: Context): Html {
  const lines = `${journal.map((record) => JSON.stringify(record)).join('\n')}\n`;
  const files: { name: string; type: string; content: Buffer; what: string }[] = [
    { name: 'cells.csv', type: 'text/csv', content: Buffer.from(cellsCsv(analysis)), what: 'the main table' },
    { name: 'runs.csv', type: 'text/csv', content: Buffer.from(runsCsv(analysis)), what: 'every run' },
    {
      name: 'analysis.json',
      type: 'application/json',
      content: Buffer.from(JSON.stringify(analysis)),
      what: 'everything on this page',
    },
    {
      name: 'journal.ndjson.gz',
      type: 'application/gzip',
      content: gzipSync(lines),
      what: 'the journal of raw runs, from which all of it is made again',
    },
  ];
  const items = files.map(
    ({ name, type, content, what }) =>
      html`<li><a download="${name}" href="data:${type};base64,${content.toString('base64')}">${name}</a> <span class="quiet">(${size(content.length)}) ${what}</span></li>`,
  );
  return section('downloads', 'Downloads', html`<ul>${items}</ul>`);
}

const size = (bytes: number): string =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
