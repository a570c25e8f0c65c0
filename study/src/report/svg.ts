// A Vega-Lite specification drawn as SVG text, for a page without scripts.
import type { TopLevelSpec } from 'vega-lite' with { 'resolution-mode': 'import' };
import { escaped, Html } from './html.js';
import { colour, withVariables } from './palette.js';

/** Units of the drawing: as wide as a phone shows it. A wider page scales it up. */
export const WIDTH = 360;

const CONFIG = {
  aria: false,
  background: 'transparent',
  font: 'inherit',
  view: { stroke: null },
  axis: {
    domainColor: colour('muted'),
    tickColor: colour('muted'),
    gridColor: colour('line'),
    labelColor: colour('muted'),
    titleColor: colour('muted'),
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    tickSize: 4,
  },
  text: { color: colour('ink'), fontSize: 11.5 },
} as const;

export interface Drawing {
  spec: Omit<TopLevelSpec, '$schema'>;
  /** What it shows, in words. */
  alternative: string;
}

let drawn = 0;

export async function draw({ spec, alternative }: Drawing): Promise<Html> {
  // They are ES modules, which a CommonJS one can only import so.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = compile({ padding: 4, ...spec, config: CONFIG } as TopLevelSpec).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logLevel: vega.Error });
  const svg = await view.toSVG();
  view.finalize();
  const viewBox = /viewBox="([^"]+)"/.exec(svg)?.[1] ?? '';
  const inner = svg.slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>'));
  return new Html(
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="${escaped(alternative)}" viewBox="${viewBox}">${withOwnIds(withVariables(withoutRoles(inner)))}</svg>`,
  );
}

/** The drawing is one image with words of its own; its marks are none. */
const withoutRoles = (svg: string): string =>
  svg.replace(/ (role|aria-roledescription|aria-label|aria-hidden)="[^"]*"/g, '');

/** Ids of clip paths are those of the page, and every drawing begins to count at 0. */
function withOwnIds(svg: string): string {
  drawn += 1;
  const own = `d${drawn}-`;
  return svg.replace(/id="([^"]+)"/g, `id="${own}$1"`).replace(/url\(#([^)]+)\)/g, `url(#${own}$1)`);
}
