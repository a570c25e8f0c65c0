/** `npm test` runs the suite on several versions of Node and says which one it asked for. */
const wanted = process.env.MICROJOULE_TEST_NODE;
if (wanted && process.version !== wanted) {
  throw new Error(`This test runs on Node ${process.version}, but ${wanted} was asked for.`);
}
