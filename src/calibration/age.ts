const MS_PER_DAY = 86_400_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;

/** '3 days' */
export function ageText(ms: number): string {
  if (ms >= 2 * MS_PER_DAY) return `${Math.floor(ms / MS_PER_DAY)} days`;
  if (ms >= 2 * MS_PER_HOUR) return `${Math.floor(ms / MS_PER_HOUR)} hours`;
  if (ms >= 2 * MS_PER_MINUTE) return `${Math.floor(ms / MS_PER_MINUTE)} minutes`;
  return `${Math.floor(ms / 1000)} seconds`;
}
