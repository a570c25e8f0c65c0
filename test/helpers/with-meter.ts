import { Meter, type MeterOptions } from '../../src/index.js';

/** Counters that stand in for a machine's. */
interface Fake {
  options(more?: MeterOptions): MeterOptions;
}

/** Opens a meter on the fake for as long as it is used. */
export async function withMeter<T>(
  fake: Fake,
  use: (meter: Meter) => Promise<T>,
  more: MeterOptions = {},
): Promise<T> {
  const meter = await Meter.open(fake.options(more));
  try {
    return await use(meter);
  } finally {
    await meter.close();
  }
}
