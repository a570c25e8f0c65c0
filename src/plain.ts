/** A result as plain data whose `toJSON` stands on the prototype, so that postMessage copies the data and nothing refuses. */
export function plainData<T extends object>(fields: T): T {
  return Object.assign(Object.create(PLAIN) as object, fields) as T;
}

const PLAIN = {
  toJSON(this: object): unknown {
    return Object.fromEntries(Object.entries(this).map(([key, value]) => [key, jsonable(value)]));
  },
};

/** Typed arrays become arrays and marks decimal strings; objects with a toJSON of their own are left to it. @internal */
export function jsonable(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof BigInt64Array || value instanceof BigUint64Array) return Array.from(value, String);
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (Array.isArray(value)) return value.map(jsonable);
  if (value === null || typeof value !== 'object') return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonable(item)]));
}
