import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { testKinds } from './scripts/test-kinds.mjs'

const { unit, integration } = testKinds(fileURLToPath(new URL('.', import.meta.url)))
// What measures the gateway's memory wants the machine to itself: npm run test:clients.
const manyClients = process.env.MANY_CLIENTS ? [] : ['<rootDir>/tests/many-clients/']

// Each starts a whole bench: npm run test:bench.
const bench = process.env.BENCH_TESTS ? [] : ['<rootDir>/tests/bench/']

// Needs an S3 server: npm run test:s3.
const s3 = process.env.S3_TEST_ENDPOINT ? [] : ['<rootDir>/tests/s3/']

/** What both kinds have in common. */
const common = {
  testEnvironment: '<rootDir>/scripts/test-environment.mjs',
  testRunner: '<rootDir>/scripts/test-runner.mjs',
  testPathIgnorePatterns: ['/node_modules/', ...manyClients, ...s3, ...bench],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.runyard'],
  extensionsToTreatAsEsm: ['.ts'],
  setupFilesAfterEnv: ['<rootDir>/tests/support/watch-test-file.ts'],
  globalSetup: '<rootDir>/tests/global-setup.ts',
  globalTeardown: '<rootDir>/tests/global-teardown.ts',
}
const transform = (kind) => ({ '^.+\\.ts$': ['<rootDir>/scripts/test-transform.mjs', { kind }] })

/** @type {import('jest').Config} */
export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: unit,
      transform: transform('unit'),
      globalSetup: '<rootDir>/tests/unit-setup.ts',
    },
    { ...common, displayName: 'integration', testMatch: integration, transform: transform('integration') },
  ],
  testSequencer: '<rootDir>/scripts/test-sequencer.mjs',
  // What bounds a test that hangs: ten times what the slowest takes alone, for machines that are slow or busy.
  testTimeout: 300_000,
  // A process that has run a third of the files holds up to a gigabyte, and gives it back in seconds after its last test. What a test
  // leaves open holds it for longer, and Jest reports it.
  workerGracefulExitTimeout: 30_000,
  // Unit tests keep a processor busy each; the others wait for sandboxes, browsers and limits of time a good part of theirs.
  maxWorkers: process.argv.includes('unit') ? availableParallelism() : availableParallelism() + 1,
}
