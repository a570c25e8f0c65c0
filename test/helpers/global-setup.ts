/** Tests load the addon from build/ and, in child processes, the library from dist/: neither may be older than its sources. */
export default async function globalSetup(): Promise<void> {
  const { staleSteps } = await import('../../tools/lib/steps.mjs');
  const stale = staleSteps();
  if (stale.length > 0) {
    throw new Error(`Older than its sources, or missing: ${stale.join(', ')}. Run: npm run build`);
  }
  console.log(`Node ${process.version}`);
}
