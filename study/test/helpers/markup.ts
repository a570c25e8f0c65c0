// A page must be well-formed as written, not as a browser mends it: a strict reader, of our own pages only.

export interface Element {
  name: string;
  attributes: Record<string, string>;
  /** Of the element and all within it. */
  text: string;
  parent: Element | null;
}

const VOID = new Set(['meta', 'br', 'wbr', 'link', 'img', 'hr', 'input']);
const TAG = /<!DOCTYPE html>|<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z][\w:.-]*(?:="[^"<]*")?)*)\s*(\/?)>/g;
const ATTRIBUTE = /([a-zA-Z][\w:.-]*)(?:="([^"]*)")?/g;

/** All elements in order; throws where a tag is not closed, crossed, or a stray '<' or '&' stands in the text. */
export function elementsOf(page: string): Element[] {
  const elements: Element[] = [];
  const open: Element[] = [];
  let end = 0;
  for (const match of page.matchAll(TAG)) {
    addText(page.slice(end, match.index), open);
    end = match.index + match[0].length;
    const [, closing, name, attributes = '', selfClosing] = match;
    if (!name) continue;
    if (closing) {
      const last = open.pop();
      if (last?.name !== name) throw new Error(`</${name}> closes <${last?.name}> at ${match.index}`);
      continue;
    }
    const element: Element = { name, attributes: read(attributes), text: '', parent: open.at(-1) ?? null };
    elements.push(element);
    if (!selfClosing && !VOID.has(name)) open.push(element);
  }
  addText(page.slice(end), []);
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  return elements;
}

function addText(text: string, open: readonly Element[]): void {
  const inStyle = open.at(-1)?.name === 'style';
  if (!inStyle && (text.includes('<') || /&(?!(amp|lt|gt|quot|#\d+);)/.test(text))) {
    throw new Error(`'${text.slice(0, 60)}' is no text`);
  }
  for (const element of open) element.text += text;
}

function read(attributes: string): Record<string, string> {
  const pairs = [...attributes.matchAll(ATTRIBUTE)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  const names = pairs.map(([name]) => name);
  if (new Set(names).size !== names.length) throw new Error(`an attribute stands twice in '${attributes}'`);
  return Object.fromEntries(pairs);
}
