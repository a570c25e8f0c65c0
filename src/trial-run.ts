// A profiled run of the model on zeros: it tells on which provider each node ran.
import { promises } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MicrojouleError } from './errors.js';
import { makePort, type Port, shapeOf } from './feeds.js';
import type { NativeFeed, NativeSession } from './native.js';
import { profiledPlacement } from './placement.js';
import { elementCount } from './tensor-data.js';
import type { Placement } from './types/onnx.js';

const NO_TICKET = 0;

/** Where the profile of a session is written; the name is this process' own. */
export function profilePrefix(): string {
  return join(tmpdir(), `microjoule-placement-${process.pid}-${process.hrtime.bigint()}`);
}

/** Runs once and reads the profile, which is then gone. The session must have been made with a profile. */
export async function profiledTrial(session: NativeSession): Promise<Placement> {
  let file: string | undefined;
  try {
    const feed = session.inputs.map(makePort).flatMap(zeros);
    await session.run(NO_TICKET, feed, undefined, undefined, undefined, false);
    file = session.endProfiling();
    return profiledPlacement(await promises.readFile(file, 'utf8'));
  } finally {
    await promises.rm(file ?? session.endProfiling(), { force: true });
  }
}

function zeros(port: Port, index: number): NativeFeed {
  if (!port.fixed || (port.array === undefined && port.type !== 'string')) {
    throw new MicrojouleError(
      'not-supported',
      `placement: 'profile' runs the model once on zeros, and the shape of the input '${port.name}' is not fixed: [${shapeOf(port).join(', ')}].`,
      'Fix it with freeDimensionOverrides, or leave out placement.',
    );
  }
  const length = port.type === 'string' ? elementCount(port.dims) : port.length;
  const data = port.array === undefined ? new Array<string>(length).fill('') : new port.array(length);
  return [index, data as string[], undefined];
}
