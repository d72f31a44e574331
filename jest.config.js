/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  // What measures the gateway's memory wants the machine to itself: npm run test:clients.
  testPathIgnorePatterns: process.env.MANY_CLIENTS
    ? ['/node_modules/']
    : ['/node_modules/', '<rootDir>/tests/many-clients/'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.runyard'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  extensionsToTreatAsEsm: ['.ts'],
  setupFilesAfterEnv: ['<rootDir>/tests/support/watch-responses.ts'],
  globalSetup: '<rootDir>/tests/global-setup.ts',
  globalTeardown: '<rootDir>/tests/global-teardown.ts',
  testTimeout: 60_000,
  // Two at a time: most files drive real sandboxes, and limits of time are part of what they test.
  maxWorkers: 2,
}
