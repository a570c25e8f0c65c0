import type { NativeResolved } from './native.js';
import type { BudgetTerm, BudgetTermName, EnergyKind, SuspectCause } from './types/energy.js';

/** One figure of the estimator; NaN: not there. */
export interface Figure {
  status: 'ok' | 'below-resolution' | 'suspect' | 'unsupported';
  cause: SuspectCause | undefined;
  value: number;
  lo: number;
  hi: number;
  uncertainty: number;
  terms: Omit<BudgetTerm, 'key'>[];
  /** What each term's errors have in common, at the same index. */
  origins: string[];
}

export interface Level {
  watts: number;
  uncertainty: number;
}

/** Reads the packed doubles of one window and channel by the names that came with them. */
export class ResolvedReader {
  private readonly places: Map<string, number>;

  constructor(
    private readonly resolved: NativeResolved,
    private readonly channels: number,
  ) {
    this.places = new Map(resolved.names.map((name, i) => [name, i]));
  }

  figure(window: number, channel: number, kind: EnergyKind): Figure {
    const get = (field: string) => this.get(window, channel, `${kind}.${field}`);
    const { statuses, causes, terms, origins, distributions } = this.resolved;
    const present = terms.flatMap((name, i) => {
      const uncertainty = get(name);
      return uncertainty > 0 && Number.isFinite(uncertainty) ? [{ name, uncertainty, i }] : [];
    });
    return {
      status: statuses[get('status')] as Figure['status'],
      cause: (causes[get('cause')] || undefined) as SuspectCause | undefined,
      value: get('value'),
      lo: get('lo'),
      hi: get('hi'),
      uncertainty: get('uncertainty'),
      terms: present.map(({ name, uncertainty, i }) => ({
        name: name as BudgetTermName,
        uncertainty,
        distribution: distributions[i] as BudgetTerm['distribution'],
      })),
      origins: present.map(({ i }) => origins[i] as string),
    };
  }

  /** Covariances of this window with every one of the call, J²; undefined where they were not asked for. */
  covariance(window: number, channel: number): Float64Array | undefined {
    const { covariance } = this.resolved;
    if (covariance.length === 0) return undefined;
    const windows = Math.sqrt(covariance.length / this.channels);
    const from = (channel * windows + window) * windows;
    return covariance.slice(from, from + windows);
  }

  level(window: number, channel: number, side: 'before' | 'after' | 'level'): Level {
    return {
      watts: this.get(window, channel, `idle.${side}`),
      uncertainty: this.get(window, channel, `idle.${side}.uncertainty`),
    };
  }

  private get(window: number, channel: number, name: string): number {
    const place = this.places.get(name);
    if (place === undefined) throw new Error(`The addon gives no field '${name}'.`);
    const stride = this.resolved.names.length;
    return this.resolved.fields[(window * this.channels + channel) * stride + place] as number;
  }
}
