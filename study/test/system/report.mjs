// The report in a real browser: nothing is asked of the network, nothing is wider than a phone, axe finds nothing, in light
// and dark and without scripts; screenshots and a print are left for looking at in .cache/report/.
//   node study/test/system/report.mjs [CHROMIUM]
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const require = createRequire(import.meta.url);
const { analyse } = require('../../dist/analysis/index.js');
const { report } = require('../../dist/report/index.js');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const executablePath = process.argv[2] ?? '/usr/bin/chromium';
const pictures = join(root, '.cache/report');
const VIEWS = {
  light: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true },
};

/** Journals are made by the TypeScript of the tests. */
async function sampleStudies(folder) {
  const outfile = join(folder, 'studies.cjs');
  const entryPoints = [join(here, '../helpers/sample-studies.ts')];
  const packages = 'external';
  await build({ entryPoints, bundle: true, platform: 'node', outfile, packages, logLevel: 'error' });
  const { gpuStudy, cpuStudy } = require(outfile);
  return { gpu: gpuStudy(), cpu: cpuStudy({ simulated: true }) };
}

async function makePages(folder) {
  const pages = [];
  for (const [name, journal] of Object.entries(await sampleStudies(folder))) {
    const path = join(folder, `${name}.html`);
    await report(analyse(journal), journal, path);
    pages.push({ name, url: pathToFileURL(path).href, journal });
  }
  return pages;
}

async function open(browser, url, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const faults = [];
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) faults.push(`asks for ${request.url()}`);
  });
  page.on('console', (message) => faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  await page.goto(url);
  return { context, page, faults };
}

async function look(browser, { name, url }, view) {
  const { context, page, faults } = await open(browser, url, VIEWS[view]);
  await page.screenshot({ path: join(pictures, `${name}-${view}.png`), fullPage: true });
  const { width, shown } = await page.evaluate(() => ({
    width: document.documentElement.scrollWidth,
    shown: document.documentElement.clientWidth,
  }));
  assert.ok(width <= shown, `${name}, ${view}: ${width} wide on a page of ${shown}`);
  // What is folded has to be accessible, too.
  await page.evaluate(() => {
    for (const one of document.querySelectorAll('details')) one.open = true;
  });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)} (${nodes.length})`);
  assert.deepEqual(found, [], `${name}, ${view}: axe`);
  assert.deepEqual(faults, [], `${name}, ${view}`);
  await context.close();
}

async function looks(browser, sample) {
  for (const view of Object.keys(VIEWS)) await look(browser, sample, view);
}

async function prints(browser, { name, url }) {
  const { context, page } = await open(browser, url, { ...VIEWS.dark });
  await page.emulateMedia({ media: 'print' });
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(background, 'rgb(255, 255, 255)', 'paper is white, whatever the screen');
  await page.pdf({ path: join(pictures, `${name}.pdf`), preferCSSPageSize: true });
  await context.close();
}

async function needsNoScript(browser, { url }) {
  const { context, page } = await open(browser, url, { ...VIEWS.light, javaScriptEnabled: false });
  const chart = await page.locator('svg.chart').first().boundingBox();
  assert.ok(chart && chart.width > 200 && chart.height > 100, 'figures are drawn without a script');
  const mark = await page
    .locator('svg.chart path')
    .first()
    .evaluate((one) => getComputedStyle(one).fill);
  assert.match(mark, /^(rgb|none)/);
  await context.close();
}

async function download(page, name) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.locator(`a[download="${name}"]`).click(),
  ]);
  assert.equal(file.suggestedFilename(), name);
  return readFileSync(await file.path());
}

async function downloads(browser, { url, journal }) {
  const { context, page } = await open(browser, url, { ...VIEWS.light, acceptDownloads: true });
  const lines = gunzipSync(await download(page, 'journal.ndjson.gz'))
    .toString()
    .trimEnd()
    .split('\n');
  assert.equal(lines.length, journal.length);
  assert.match((await download(page, 'cells.csv')).toString(), /^model_name,/);
  assert.equal(JSON.parse((await download(page, 'analysis.json')).toString()).v, 1);
  await context.close();
}

const folder = mkdtempSync(join(tmpdir(), 'microjoule-report-'));
mkdirSync(pictures, { recursive: true });
const pages = await makePages(folder);
// As root, as in a container, Chromium has no sandbox; the pages are our own.
const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath, args });
try {
  for (const sample of pages) {
    await looks(browser, sample);
    await prints(browser, sample);
    console.log(`${sample.name}: seen in light and dark, on a phone and on paper; axe finds nothing`);
  }
  await needsNoScript(browser, pages[0]);
  await downloads(browser, pages[0]);
  console.log(`Screenshots: ${pictures}`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
