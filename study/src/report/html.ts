// HTML by a tagged template: what is put into it is escaped, unless it is HTML already.
export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | null | false | readonly Part[];

export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    // Terminal escapes and other controls of a worker's log are no HTML.
    .replace(/(?![\t\n\r])\p{Cc}/gu, '\ufffd');

export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.map((string, i) => string + textOf(parts[i] ?? null)).join(''));
}

function textOf(part: Part): string {
  if (part === null || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escaped(part);
  if (typeof part === 'number') return escaped(String(part));
  return part.map(textOf).join('');
}
