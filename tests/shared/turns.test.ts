import { createTurns } from '../../src/shared/turns.ts'

test('tasks of a key run one after another, also behind one that fails; those of other keys beside them', async () => {
  const inTurn = createTurns()
  const seen: string[] = []
  let end!: () => void
  const first = new Promise<void>((resolve) => (end = resolve))
  const task =
    (name: string, until: Promise<void> = Promise.resolve()) =>
    async () => {
      seen.push(`${name} begins`)
      await until
      seen.push(`${name} ends`)
    }
  const failing = inTurn('a', async () => {
    await task('first', first)()
    throw new Error('boom')
  })
  const second = inTurn('a', task('second'))
  await inTurn('b', task('other'))
  expect(seen).toEqual(['first begins', 'other begins', 'other ends'])
  end()
  await expect(failing).rejects.toThrow('boom')
  await second
  expect(seen.slice(3)).toEqual(['first ends', 'second begins', 'second ends'])
})
