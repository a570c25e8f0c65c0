import { type TestContext, test } from 'vitest';

type Body = (context: TestContext) => unknown;

/** A test that says why it is skipped where it cannot run; `npm test` counts it and fails on a skip that nobody expects. */
export function testIf(
  condition: boolean,
  reason: string,
): (name: string, body: Body, timeoutMs?: number) => void {
  return (name, body, timeoutMs) =>
    test(
      name,
      (context) => {
        context.skip(!condition, reason);
        return body(context);
      },
      timeoutMs,
    );
}
