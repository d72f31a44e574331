import { describe, expect, test } from '@jest/globals'
import { changeCell, type Document, emptyDocument, insertCell, newCell } from '../../src/pages/notebook/model/cells.ts'
import { createNotebookKeeper, FIRST_ID, readKept } from '../../src/pages/notebook/session/kept-notebook.ts'

const cellOf = (id: string) => ({ ...newCell('code', id), id })
const start: Document = { ...emptyDocument(), cells: ['a', 'b'].map(cellOf) }
const sourcesOf = ({ cells }: Document) => cells.map(({ source }) => source).join(' ')
const outputOf = (text: string) => ({ output_type: 'stream', name: 'stdout', text }) as const

/** The storage of a browser, which takes so many characters. */
function storage(room = Infinity) {
  const texts = new Map<string, string>()
  return {
    room,
    getItem: (key: string) => texts.get(key) ?? null,
    setItem(key: string, text: string) {
      if (text.length > this.room) throw new Error('QuotaExceededError')
      texts.set(key, text)
    },
  }
}

/** A tab that has found what is kept. */
function tab(place: ReturnType<typeof storage>) {
  const first = readKept(place) ?? { id: FIRST_ID, document: start }
  const keeper = createNotebookKeeper(place, first.id, first.document)
  return {
    id: first.id,
    document: first.document,
    look() {
      const found = keeper.look(this.id, this.document)
      if (found.what === 'changes') this.document = found.merged
      return found
    },
    keep() {
      this.look()
      return keeper.keep(this.id, this.document)
    },
    add(id: string) {
      this.document = insertCell(this.document, this.document.cells.length, cellOf(id))
    },
    ran(id: string, text: string) {
      this.document = changeCell(this.document, id, { outputs: [outputOf(text)], executionCount: 1 })
    },
    outputs() {
      return this.document.cells.map(({ outputs: [output] }) => (output?.output_type === 'stream' ? output.text : ''))
    },
  }
}

/** Two tabs of one notebook. */
function twoTabs(room?: number) {
  const place = storage(room)
  const first = tab(place)
  first.keep()
  return { place, first, second: tab(place) }
}

describe('a notebook in two tabs', () => {
  test('what one adds comes to the other', () => {
    const { first, second } = twoTabs()
    second.add('c')
    second.keep()
    expect(first.look()).toMatchObject({ what: 'changes', isKept: true })
    expect(sourcesOf(first.document)).toBe('a b c')
    expect(first.look()).toEqual({ what: 'nothing' })
  })

  test('cells for which there was no room are not taken for removed', () => {
    const { place, first, second } = twoTabs()
    first.add('c')
    place.room = 10
    expect(first.keep()).toBe('nothing')
    place.room = Infinity
    second.add('d')
    second.keep()
    first.look()
    expect(sourcesOf(first.document).split(' ').toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('without room for outputs both have theirs, and changes of texts go on', () => {
    const { place, first, second } = twoTabs()
    first.ran('a', 'small')
    first.keep()
    second.look()
    expect(second.outputs()).toEqual(['small', ''])
    place.room = 2000
    first.ran('b', 'large '.repeat(1000))
    expect(first.keep()).toBe('without-outputs')
    // It has none of its own to keep, or the two would write without end.
    expect(second.look()).toMatchObject({ what: 'changes', isKept: true })
    expect(second.outputs()).toEqual(['small', ''])
    second.document = changeCell(second.document, 'b', { source: 'edited' })
    expect(second.keep()).toBe('whole')
    first.look()
    expect(sourcesOf(first.document)).toBe('a edited')
    expect(first.outputs()).toEqual(['small', 'large '.repeat(1000)])
    // Outputs that were removed are no lack of room.
    second.document = changeCell(second.document, 'a', { outputs: [], executionCount: null })
    second.keep()
    const third = tab(place)
    expect(third.outputs()).toEqual(['', ''])
  })

  test('outputs that one removes go from the other', () => {
    const { first, second } = twoTabs()
    first.ran('a', 'one')
    first.keep()
    second.look()
    second.document = changeCell(second.document, 'a', { outputs: [], executionCount: null })
    second.keep()
    first.look()
    expect(first.outputs()).toEqual(['', ''])
  })

  test('another notebook in one of them leaves the cells of the other, which is told once', () => {
    const { place, first, second } = twoTabs()
    const before = second.document
    second.id = 'other'
    second.document = { ...emptyDocument(), cells: [cellOf('x')] }
    second.keep()
    expect(first.look()).toEqual({ what: 'another', isNew: true })
    expect(first.look()).toEqual({ what: 'another', isNew: false })
    expect(sourcesOf(first.document)).toBe('a b')
    first.add('c')
    first.keep()
    expect(second.look()).toEqual({ what: 'another', isNew: true })
    expect(sourcesOf(second.document)).toBe('x')
    second.keep()
    expect(readKept(place)?.id).toBe('other')
    // Back to the first, it has what was added there meanwhile, and takes nothing from there.
    second.id = first.id
    second.document = before
    second.keep()
    expect(sourcesOf(second.document)).toBe('a b c')
    first.look()
    expect(sourcesOf(first.document)).toBe('a b c')
  })
})

test('what is kept beside a notebook is no part of its file', () => {
  const { first, place } = twoTabs()
  expect(readKept(place)?.document.rest).toEqual(first.document.rest)
})
