import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { IMAGE_LABEL, runtimeImage } from '../../src/shared/runtime-image.ts'
import { createInstalledRuntimes } from '../../src/worker/runtimes/installed-runtimes.ts'
import type { Engine, EngineImage } from '../../src/worker/sandbox/engine.ts'

const root = packageRoot()
const bash = loadLanguages(join(root, 'languages')).filter(({ id }) => id === 'bash')
const image: EngineImage = {
  references: bash.map((language) => runtimeImage(root, language)),
  labels: { [IMAGE_LABEL.version]: '5.2' },
}

/** An engine with Bash or without, whose images are listed by whoever asks. */
function engineOf(mark: string | undefined) {
  const engine = { mark, has: false, listed: 0 }
  const asEngine = {
    imagesMark: () => Promise.resolve(engine.mark),
    images: () => Promise.resolve(++engine.listed > 0 && engine.has ? [image] : []),
  } as unknown as Engine
  let nowMs = 0
  const installed = createInstalledRuntimes(asEngine, root, bash, [], () => nowMs)
  return {
    engine,
    installed,
    wait: (ms: number) => (nowMs += ms),
    ids: () => Object.keys(installed.runtimes.languages),
  }
}

test('images are listed again once they have changed, and not before', async () => {
  const { engine, installed, ids } = engineOf('one')
  for (let looks = 0; looks < 3; looks++) await installed.refresh()
  expect([engine.listed, ids()]).toEqual([1, []])
  Object.assign(engine, { mark: 'two', has: true })
  await installed.refresh()
  await installed.refresh()
  expect([engine.listed, ids()]).toEqual([2, ['bash']])
})

test('they are listed each minute all the same, and each time where no change can be seen', async () => {
  const { engine, installed, wait, ids } = engineOf('another engine’s')
  await installed.refresh()
  engine.has = true
  wait(59_000)
  await installed.refresh()
  expect([engine.listed, ids()]).toEqual([1, []])
  wait(1000)
  await installed.refresh()
  expect([engine.listed, ids()]).toEqual([2, ['bash']])

  const blind = engineOf(undefined)
  for (let looks = 0; looks < 3; looks++) await blind.installed.refresh()
  expect(blind.engine.listed).toBe(3)
})

test('a list that failed is asked for again', async () => {
  const { engine, installed, ids } = engineOf('one')
  Object.defineProperty(engine, 'has', {
    configurable: true,
    get() {
      throw new Error('the engine is away')
    },
  })
  await expect(async () => installed.refresh()).rejects.toThrow('away')
  Object.defineProperty(engine, 'has', { value: true })
  await installed.refresh()
  expect(ids()).toEqual(['bash'])
})
