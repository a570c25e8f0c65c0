// The page as text: well-formed, self-contained, with words for every figure. How it looks is seen in a browser, by
// test/system/report.mjs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyse, writeAnalysis } from '../src/analysis/index.js';
import { renderReport, report } from '../src/report/index.js';
import type { JournalRecord } from '../src/types/journal.js';
import { type Element, elementsOf } from './helpers/markup.js';
import { cpuStudy, gpuStudy } from './helpers/sample-studies.js';

const folder = mkdtempSync(join(tmpdir(), 'microjoule-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of the large study, so much as has everything in it. */
const gpu = gpuStudy({ models: ['resnet50', 'bert-base'], repetitions: 4 });
const pageOf = (records: JournalRecord[]) => renderReport(analyse(records), records);
const within = (element: Element, name: string): boolean =>
  element.parent !== null && (element.parent.name === name || within(element.parent, name));

describe('page', () => {
  let text: string;
  let elements: Element[];
  const all = (name: string) => elements.filter((element) => element.name === name);
  beforeAll(async () => {
    text = await pageOf(gpu);
    elements = elementsOf(text);
  });

  it('is well-formed, in a language, with a title and one first heading', () => {
    expect(text.startsWith('<!DOCTYPE html>')).toBe(true);
    expect(all('html')[0]?.attributes.lang).toBe('en');
    expect(all('title')[0]?.text).toContain('Runtimes on one GPU');
    expect(all('h1')).toHaveLength(1);
  });

  it('refers to nothing outside of itself, and needs no script', () => {
    const outside = elements.flatMap(({ attributes }) =>
      ['href', 'src', 'srcset', 'xlink:href', 'action'].flatMap((name) => attributes[name] ?? []),
    );
    expect(outside.filter((value) => !/^(#|data:)/.test(value))).toEqual([]);
    expect(all('script')).toEqual([]);
    expect(all('link')).toEqual([]);
    expect(text).not.toMatch(/url\((?!#)|@import|@font-face/);
  });

  it('gives every id once, and every reference its target', () => {
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = elements.flatMap(({ attributes }) => [
      ...(attributes.href?.startsWith('#') ? [attributes.href.slice(1)] : []),
      ...(attributes['aria-labelledby'] ? [attributes['aria-labelledby']] : []),
    ]);
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('has words for every figure, and a caption', () => {
    const charts = all('svg').filter(({ attributes }) => attributes.class === 'chart');
    expect(charts.length).toBeGreaterThan(20);
    for (const { attributes } of charts) {
      expect(attributes.role).toBe('img');
      expect(attributes['aria-label']?.length).toBeGreaterThan(30);
    }
    const symbols = all('svg').filter(({ attributes }) => attributes.class !== 'chart');
    expect(symbols.every(({ attributes }) => attributes['aria-hidden'] === 'true')).toBe(true);
    expect(all('figcaption')).toHaveLength(all('figure').length);
  });

  it('says how often engines were built, and what single runs cannot tell', async () => {
    expect(text).toContain('engines were built once a cell and kept.');
    expect(text).toMatch(/<td>[\d,\u202f ]+ \([\d,\u202f ]+ to [\d,\u202f ]+\)<\/td>/);
    const once = await pageOf(gpuStudy({ models: ['resnet50'], repetitions: 1 }));
    expect(once).toMatch(/<td>\D?[\d,\u202f ]+ \(one run gives no interval\)<\/td>/);
    const intervals = [...once.matchAll(/95 % CI (\S+) to (\S+) %/g)];
    expect(intervals.filter(([, lo, hi]) => lo === hi)).toEqual([]);
  });

  it('has a caption for every table, and a scope for every header', () => {
    expect(all('caption')).toHaveLength(all('table').length);
    expect(all('th').every(({ attributes }) => attributes.scope)).toBe(true);
    expect(all('table').every((element) => within(element, 'div'))).toBe(true);
  });

  it('has a row for every cell, with the reason where there is no figure', () => {
    const headers = all('tr').filter(
      (row) => within(row, 'tbody') && !row.attributes.class?.includes('group'),
    );
    const names = headers.map((row) => row.text);
    expect(names.filter((row) => row.includes('no PTX'))).not.toHaveLength(0);
    const main = all('table').find(({ attributes }) => attributes.id === 'main-table')?.text;
    for (const column of [
      'total_energy_J',
      'gpu_energy_J',
      'cpu_energy_J',
      'mean_gpu_power',
      'mean_gpu_util',
      'mean_gpu_mem_util',
      'total_elapsed_time',
    ]) {
      expect(main).toContain(column);
    }
    expect(main).toContain('impossible');
    expect(main).toContain('null run');
  });

  it('shows what a worker wrote, and does not run it', () => {
    expect(text).not.toContain('<script>alert');
    expect(text).toContain('&lt;script&gt;alert');
    expect(text).not.toContain('\u001b');
  });

  it('holds its data: tables, analysis and journal', () => {
    const links = all('a').filter(({ attributes }) => attributes.download !== undefined);
    const contentOf = (name: string) => {
      const link = links.find(({ attributes }) => attributes.download === name);
      return Buffer.from(link?.attributes.href?.split('base64,')[1] ?? '', 'base64');
    };
    expect(JSON.parse(contentOf('analysis.json').toString())).toEqual(analyse(gpu));
    const journal = gunzipSync(contentOf('journal.ndjson.gz')).toString().trimEnd().split('\n');
    expect(journal.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(gpu)));
    expect(contentOf('cells.csv').toString()).toMatch(
      /^model_name,runtime,provider,batch_size,total_energy_J,/,
    );
    expect(contentOf('runs.csv').toString().trimEnd().split('\r\n')).toHaveLength(gpu.length - 1);
  });

  it('is not labelled as simulated', () => {
    expect(text).not.toContain('SIMULATED');
  });
});

describe('a study without energy', () => {
  it('says in every caption that it is simulated, if it is, and why there is no energy', async () => {
    const text = await pageOf(cpuStudy({ simulated: true }));
    const elements = elementsOf(text);
    const captions = elements.filter(({ name }) => name === 'caption' || name === 'figcaption');
    expect(captions.length).toBeGreaterThan(5);
    expect(captions.every((caption) => caption.text.startsWith('SIMULATED'))).toBe(true);
    expect(elements.find(({ name }) => name === 'title')?.text).toContain('SIMULATED');
    const charts = elements.filter(({ attributes }) => attributes.class === 'chart');
    expect(charts.every(({ attributes }) => attributes['aria-label']?.startsWith('SIMULATED'))).toBe(true);
    expect(text).toContain('not measured');
    expect(text).toContain('permission denied');
    expect(text).toContain('gives no p below');
  });

  it('is a page even of a study that has not begun', async () => {
    const [segment] = cpuStudy();
    const text = await pageOf([segment as JournalRecord]);
    expect(elementsOf(text).length).toBeGreaterThan(100);
    expect(text).toContain('The study is not complete');
  });
});

describe('files', () => {
  it('are written, and said so in one sentence where they cannot be', async () => {
    const records = cpuStudy();
    const journal = join(folder, 'journal.ndjson');
    writeFileSync(journal, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const analysis = analyse(journal);
    expect(writeAnalysis(analysis, join(folder, 'out')).map((path) => path.slice(folder.length))).toEqual([
      '/out/analysis.json',
      '/out/cells.csv',
      '/out/runs.csv',
    ]);
    expect(JSON.parse(readFileSync(join(folder, 'out/analysis.json'), 'utf8'))).toEqual(analysis);
    await report(analysis, journal, join(folder, 'report.html'));
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('Four runtimes on a processor');
    expect(() => writeAnalysis(analysis, join(journal, 'below'))).toThrow(/The analysis cannot be written/);
    await expect(report(analysis, journal, join(folder, 'no/such.html'))).rejects.toThrow(
      /cannot be written/,
    );
  });
});
