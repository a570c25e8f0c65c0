// Which provider took which nodes: what ONNX Runtime tells, in our words.
import { MicrojouleError } from './errors.js';
import { providerName } from './providers.js';
import type { Placement } from './types/onnx.js';

/** Names are listed up to this number a provider: a model may have thousands of nodes. */
const MAX_NAMES = 20;
/** ONNX Runtime tells from this minor release of 1 on. */
const TOLD_FROM = 24;

interface PlacedNode {
  provider: string;
  name: string;
  op: string;
}

export const UNKNOWN_PLACEMENT: Placement = { known: false, nodes: {}, names: {} };

/** Whether this release of ONNX Runtime tells without a trial run. */
export function tellsPlacement(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major === 1 && (minor as number) >= TOLD_FROM;
}

/** From the addon's flat list: provider, name and operator of each node in turn. */
export function assignedPlacement(list: readonly string[]): Placement {
  if (list.length === 0) return UNKNOWN_PLACEMENT;
  const nodes: PlacedNode[] = [];
  for (let i = 0; i + 2 < list.length; i += 3) {
    const [provider, name, op] = list.slice(i, i + 3) as [string, string, string];
    nodes.push({ provider, name, op });
  }
  return summary('assignment', nodes);
}

/** From the text of a profile of ONNX Runtime; unknown where it holds no node that ran. */
export function profiledPlacement(text: string): Placement {
  let events: unknown;
  try {
    events = JSON.parse(text);
  } catch {
    return UNKNOWN_PLACEMENT;
  }
  // A node runs once a pass: the same name again is the same node.
  const nodes = new Map<string, PlacedNode>();
  for (const event of Array.isArray(events) ? events : []) {
    const node = executedNode(event);
    if (node !== undefined) nodes.set(`${node.provider} ${node.key}`, node);
  }
  return nodes.size === 0 ? UNKNOWN_PLACEMENT : summary('profile', [...nodes.values()]);
}

function executedNode(event: unknown): (PlacedNode & { key: string }) | undefined {
  const suffix = '_kernel_time';
  const { cat, name, args } = (event ?? {}) as {
    cat?: unknown;
    name?: unknown;
    args?: { provider?: unknown; op_name?: unknown; node_index?: unknown };
  };
  if (cat !== 'Node' || typeof name !== 'string' || !name.endsWith(suffix)) return undefined;
  const { provider, op_name: op, node_index: index } = args ?? {};
  if (typeof provider !== 'string' || provider === '') return undefined;
  const plain = name.slice(0, -suffix.length);
  return { provider, name: plain, op: typeof op === 'string' ? op : '', key: `${plain} ${String(index)}` };
}

function summary(source: 'assignment' | 'profile', placed: readonly PlacedNode[]): Placement {
  const nodes: Record<string, number> = {};
  const names: Record<string, string[]> = {};
  for (const { provider: listed, name, op } of placed) {
    const provider = providerName(listed);
    nodes[provider] = (nodes[provider] ?? 0) + 1;
    names[provider] ??= [];
    const list = names[provider] as string[];
    if (list.length < MAX_NAMES) list.push(name === '' ? op : `${name} (${op})`);
  }
  return { known: true, source, nodes, names };
}

/** Throws where a node fell to a provider that is not among those asked for. */
export function refuseFallen(placement: Placement, asked: readonly string[]): void {
  const fallen = Object.keys(placement.nodes).filter((provider) => !asked.includes(provider));
  if (fallen.length === 0) return;
  throw new MicrojouleError(
    'not-supported',
    `strict: ${listNodes(placement, fallen)}, which was not asked for.`,
    `Leave out strict, or add ${fallen.map((name) => `'${name}'`).join(', ')} to executionProviders.`,
  );
}

/** '3 nodes fell to cpu: a (Shape), b (Gather), …' for each of these providers. */
export function listNodes(placement: Placement, providers: readonly string[]): string {
  return providers
    .map((provider) => {
      const count = placement.nodes[provider] ?? 0;
      const names = placement.names[provider] ?? [];
      const more = count > names.length ? `, … (${count - names.length} more)` : '';
      return `${count} ${count === 1 ? 'node' : 'nodes'} fell to ${provider}: ${names.join(', ')}${more}`;
    })
    .join('; ');
}
