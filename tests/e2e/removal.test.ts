import { afterAll, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { loadConfig } from '../../src/shared/config/config.ts'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { runtimeImage } from '../../src/shared/runtime-image.ts'
import { containerOptions } from '../../src/worker/sandbox/container-options.ts'
import { createEngine } from '../../src/worker/sandbox/engine.ts'
import { eventually } from '../support/eventually.ts'
import { testRoot } from '../support/platform.ts'

const engine = createEngine(process.env['RUNYARD_TEST_PODMAN'] ?? '')
const namespace = `test-${randomBytes(4).toString('hex')}`
const { limits } = loadConfig(testRoot, {})
const launch = () => {
  const [bash] = loadLanguages(`${testRoot}/languages`).filter(({ id }) => id === 'bash')
  if (!bash) throw new Error('there is no bash')
  return engine.launch(
    containerOptions({
      image: runtimeImage(testRoot, bash),
      namespace,
      worker: 'w',
      memoryBytes: limits.defaults.memoryBytes,
      cpuWeight: 256,
      ceilings: limits.ceilings,
      fileBytes: limits.defaults.fileBytes,
    }),
  )
}
const left = () => engine.containers(CONTAINER_LABEL.namespace, namespace)
afterAll(async () => {
  for (const { id } of await left()) await engine.remove(id)
})

/** Command lines of all processes that name this container. */
const processesOf = (id: string): string[][] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')]
      } catch {
        return []
      }
    })
    .filter((line) => line.some((word) => word.includes(id)))

test('behind a container that was removed no other podman is started', async () => {
  const { id } = await launch()
  const conmon = processesOf(id).find((line) => line.includes('--exit-command'))
  const command = conmon?.[conmon.indexOf('--exit-command') + 1]
  expect(command).toBe(`${testRoot}/sandbox/host/build/conmon`)
  await engine.remove(id)
  const podmans: string[] = []
  await eventually('none of its processes is left', () => {
    const names = processesOf(id).map(([name = '']) => name)
    podmans.push(...names.filter((name) => name.endsWith('podman')))
    return names.length === 0
  })
  expect(podmans).toEqual([])
})

test('a container whose worker is gone removes itself', async () => {
  const { id, stream } = await launch()
  expect((await left()).map((one) => one.id)).toEqual([id])
  stream.destroy()
  await eventually('it is gone', async () => (await left()).length === 0)
})

test('conmon itself is what podman thinks it is', () => {
  const version = execFileSync(`${testRoot}/sandbox/host/build/conmon`, ['--version'], { encoding: 'utf8' })
  expect(version).toMatch(/^conmon version \d+\./)
})
