import { expect, test } from '@jest/globals'
import {
  type Cell,
  changeCell,
  changeType,
  clearOutputs,
  type Document,
  emptyDocument,
  inPlaceOf,
  newCell,
} from '../../src/pages/notebook/model/cells.ts'
import { readNotebook, writeNotebook } from '../../src/pages/notebook/model/ipynb.ts'

const read = (...sources: string[]): Document => {
  const cells = sources.map((source, index) => ({ cell_type: 'code', id: `c${index}`, metadata: {}, source }))
  return readNotebook(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }))
}
/** What an editor shows: it reads its text when it is made and when the version is another. */
function createEditors(first: Document) {
  const known = new Map<string, Pick<Cell, 'source' | 'version'>>()
  const show = ({ cells }: Document) => {
    for (const { id, source, version } of cells)
      if (known.get(id)?.version !== version) known.set(id, { source, version })
    return cells.map(({ id }) => known.get(id)?.source)
  }
  show(first)
  return {
    show,
    typed: (id: string, source: string) => known.set(id, { source, version: known.get(id)?.version ?? 0 }),
  }
}

test('cells of another notebook that have the ids of shown ones show their own text', () => {
  const first = read('one', 'two')
  const editors = createEditors(first)
  const second = inPlaceOf(first, read('other', 'two', 'three'))
  expect(editors.show(second)).toEqual(['other', 'two', 'three'])
  expect(editors.show(inPlaceOf(second, first))).toEqual(['one', 'two'])
})

test('what was typed after the outputs were cleared is gone from the editor too when that is undone', () => {
  const first = read('one', 'two')
  const editors = createEditors(first)
  const cleared = inPlaceOf(first, clearOutputs(first))
  editors.typed('c1', 'typed')
  const typed = changeCell(cleared, 'c1', { source: 'typed' })
  expect(editors.show(typed)).toEqual(['one', 'typed'])
  expect(editors.show(inPlaceOf(typed, first))).toEqual(['one', 'two'])
})

test('the attachments of a Markdown cell that became code are not written to the file', () => {
  const cell = { ...newCell('markdown', 'x'), rest: { attachments: { 'a.png': {} } } }
  const document = { ...emptyDocument(), cells: [cell] }
  expect(writeNotebook(document)).toContain('attachments')
  expect(writeNotebook(changeType(document, cell.id, 'code'))).not.toContain('attachments')
})
