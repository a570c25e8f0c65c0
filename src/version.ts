/** Of this package, read once from its own package.json. */
export const VERSION: string = (require('../package.json') as { version: string }).version;
