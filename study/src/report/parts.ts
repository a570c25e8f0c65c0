// Pieces that all sections use.
import type { Context } from './context.js';
import { Html, html, type Part } from './html.js';
import { type Series, seriesName, symbolSvg } from './palette.js';
import { type Drawing, draw } from './svg.js';

export function section(id: string, title: string, ...content: Part[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-h">
<h2 id="${id}-h">${title}</h2>
${content}
</section>
`;
}

class NumericHead extends Html {}

/** Of a column that is aligned at the right. */
export const numeric = (title: Part, unit?: string): Html =>
  new NumericHead(html`${title}${unit ? html`<br><span class="unit">${unit}</span>` : null}`.text);

/** Wide tables scroll by themselves, with the keyboard too. */
export function table(
  { simulated }: Context,
  {
    caption,
    head,
    rows,
    id,
    rowsAreBodies = false,
  }: { caption: Part; head: Part[]; rows: Part[]; id: string; rowsAreBodies?: boolean },
): Html {
  const headers = head.map((cell) =>
    cell instanceof NumericHead
      ? html`<th scope="col" class="number">${cell}</th>`
      : html`<th scope="col">${cell}</th>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="${id}-c">
<table id="${id}">
<caption id="${id}-c"><span>${simulated}${caption}</span></caption>
<thead><tr>${headers}</tr></thead>
${rowsAreBodies ? rows : html`<tbody>${rows}</tbody>`}
</table>
</div>
`;
}

export interface Panel {
  title: string;
  drawing: Drawing;
}

/** Panels side by side, or one below the other where the page is narrow. */
export async function figure(
  { simulated, analysis }: Context,
  { panels, caption, legend, id }: { panels: readonly Panel[]; caption: Part; legend?: Html; id: string },
): Promise<Html> {
  const mark = analysis.simulated ? 'SIMULATED. ' : '';
  const drawn: Html[] = [];
  for (const { title, drawing } of panels) {
    const svg = await draw({ ...drawing, alternative: mark + drawing.alternative });
    drawn.push(html`<div class="panel"><h3>${title}</h3>${svg}</div>`);
  }
  return html`<figure id="${id}" aria-labelledby="${id}-c">
${legend ?? null}
<div class="panels">${drawn}</div>
<figcaption id="${id}-c">${simulated}${caption}</figcaption>
</figure>
`;
}

const symbol = (inner: string, name: string) =>
  html`<svg class="symbol" aria-hidden="true" viewBox="0 0 16 16" style="fill:var(--${name})">${new Html(inner)}</svg>`;

export function seriesLegend(series: readonly Series[]): Html {
  const items = series.map((one) => html`<li>${symbol(symbolSvg(one), one)}${seriesName(one)}</li>`);
  return html`<ul class="legend">${items}</ul>`;
}

export function swatchLegend(items: readonly { name: string; label: string }[]): Html {
  const swatch = '<rect x="1" y="4" width="14" height="8" rx="1"/>';
  return html`<ul class="legend">${items.map(({ name, label }) => html`<li>${symbol(swatch, name)}${label}</li>`)}</ul>`;
}

export const details = (summary: Part, content: Part, open = false): Html =>
  html`<details${open ? new Html(' open') : null}><summary>${summary}</summary>
${content}
</details>
`;

export const list = (items: readonly Part[]): Html =>
  html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
