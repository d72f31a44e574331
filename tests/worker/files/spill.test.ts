import { describe, expect, test } from '@jest/globals'
import { MIB } from '../../../src/shared/limits.ts'
import { createSpill, SpillAborted } from '../../../src/worker/files/spill.ts'

/** Counts how often the sender is held back now. */
function flow() {
  const counts = { held: 0, most: 0 }
  return {
    counts,
    hold() {
      counts.held++
      counts.most = Math.max(counts.most, counts.held)
    },
    release: () => void counts.held--,
  }
}
const collect = async (content: AsyncIterable<Uint8Array>) => {
  const all: Uint8Array[] = []
  for await (const piece of content) all.push(piece)
  return Buffer.concat(all)
}

describe('a file on its way to the store', () => {
  test('comes as its pieces were, whenever they come', async () => {
    const spill = createSpill(flow(), collect)
    spill.write(Buffer.from('a'))
    await Promise.resolve()
    spill.write(Buffer.from('b'))
    spill.end()
    expect(String(await spill.saved)).toBe('ab')
  })

  test('holds its sender back while much waits, and lets it go when little does', async () => {
    const counting = flow()
    let begin = () => {}
    const spill = createSpill(counting, async (content) => {
      await new Promise<void>((resolve) => (begin = resolve))
      return collect(content)
    })
    for (let i = 0; i < 3; i++) spill.write(Buffer.alloc(MIB / 2))
    expect(counting.counts).toEqual({ held: 1, most: 1 })
    begin()
    spill.end()
    expect((await spill.saved).length).toBe((3 * MIB) / 2)
    expect(counting.counts).toEqual({ held: 0, most: 1 })
  })

  test('that is aborted is never complete', async () => {
    const counting = flow()
    const spill = createSpill(counting, collect)
    spill.write(Buffer.alloc(2 * MIB))
    spill.abort()
    spill.end()
    await expect(spill.saved).rejects.toBeInstanceOf(SpillAborted)
    expect(counting.counts.held).toBe(0)
  })

  test('that cannot be stored holds nobody back', async () => {
    const counting = flow()
    const spill = createSpill(counting, async (content) => {
      for await (const _piece of content) throw new Error('no room')
    })
    for (let i = 0; i < 8; i++) spill.write(Buffer.alloc(MIB))
    await expect(spill.saved).rejects.toThrow('no room')
    spill.write(Buffer.alloc(4 * MIB))
    spill.end()
    expect(counting.counts.held).toBe(0)
  })
})
