import padjust from '@stdlib/stats-padjust';

/** Holm (1979), Scandinavian Journal of Statistics 6, 65-70. */
export const holm = (p: readonly number[]): number[] => (p.length === 0 ? [] : padjust([...p], 'holm'));
