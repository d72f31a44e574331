import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createDockerDemux } from '../../src/worker/sandbox/docker-demux.ts'
import { createBench } from './init-harness.ts'

const bench = createBench('test-init-fuzz')
afterAll(() => bench.close())

/** Longer, and from elsewhere, for a run by hand; by its seed a case comes again. */
const seconds = process.env['RUNYARD_TEST_FUZZ_SECONDS'] ?? '5'
const seed = process.env['RUNYARD_TEST_FUZZ_SEED'] ?? '1'

test(
  'whatever it is told, init says only frames and ends by itself',
  async () => {
    const script = join(packageRoot(), 'tests/sandbox/fuzz-init.py')
    const { stream } = await bench.launch(['python3', '/fuzz-init.py', seed, seconds], [`${script}:/fuzz-init.py:ro`])
    const demux = createDockerDemux()
    let said = ''
    for await (const chunk of stream) {
      const { stdout, stderr } = demux.push(chunk as Buffer)
      said += Buffer.concat([...stdout, ...stderr]).toString()
    }
    const { cases, told, gathered, counts, faults } = JSON.parse(said) as {
      cases: number
      told: number
      gathered: number
      counts: object
      faults: unknown[]
    }
    expect(faults).toEqual([])
    expect(cases).toBeGreaterThan(10)
    expect(told).toBeGreaterThan(0)
    expect(gathered).toBeGreaterThan(0)
    expect(Object.keys(counts)).toEqual(expect.arrayContaining(['mutated 0', 'mutated 1']))
    if (process.env['RUNYARD_TEST_FUZZ_SECONDS'] !== undefined) console.log(said)
  },
  (Number(seconds) + 300) * 1000,
)
