import { describe, expect, test } from '@jest/globals'
import {
  changeCell,
  type Document,
  emptyDocument,
  insertCell,
  moveCell,
  newCell,
  removeCell,
} from '../../src/pages/notebook/model/cells.ts'
import { readNotebook, writeNotebook } from '../../src/pages/notebook/model/ipynb.ts'
import { mergeDocuments } from '../../src/pages/notebook/model/merge.ts'

const cellOf = (id: string) => ({ ...newCell('code', id), id })
const base: Document = { ...emptyDocument(), cells: ['a', 'b', 'c'].map(cellOf) }
/** As another tab finds it. */
const kept = (document: Document) => readNotebook(writeNotebook(document))
const shown = ({ cells }: Document) => cells.map(({ id, source }) => (id === source ? id : `${id}=${source}`)).join(' ')
const output = { output_type: 'display_data', display_id: 'd', data: { 'text/plain': '1' }, metadata: {} } as const

describe('two changes of one notebook', () => {
  test.each<[string, Document, Document, string]>([
    ['of different cells', changeCell(base, 'a', { source: 'x' }), changeCell(base, 'c', { source: 'y' }), 'a=x b c=y'],
    [
      'of one cell: the own one stays',
      changeCell(base, 'b', { source: 'x' }),
      changeCell(base, 'b', { source: 'y' }),
      'a b=x c',
    ],
    ['cells added by both', insertCell(base, 1, cellOf('m')), insertCell(base, 3, cellOf('n')), 'a m b c n'],
    ['cells added at one place', insertCell(base, 3, cellOf('m')), insertCell(base, 3, cellOf('n')), 'a b c m n'],
    ['one removed here', removeCell(base, 'b'), changeCell(base, 'c', { source: 'y' }), 'a c=y'],
    ['one removed there', changeCell(base, 'c', { source: 'y' }), removeCell(base, 'b'), 'a c=y'],
    ['one removed there and changed here', changeCell(base, 'b', { source: 'x' }), removeCell(base, 'b'), 'a b=x c'],
    ['one removed here and changed there', removeCell(base, 'b'), changeCell(base, 'b', { source: 'y' }), 'a b=y c'],
    ['one moved here', moveCell(base, 'a', 2), changeCell(base, 'b', { source: 'y' }), 'b=y c a'],
    ['one moved there', changeCell(base, 'b', { source: 'x' }), moveCell(base, 'a', 2), 'b=x c a'],
    ['all removed by both', removeCell(removeCell(base, 'a'), 'b'), removeCell(base, 'c'), ''],
  ])('%s', (_what, mine, theirs, merged) => {
    const result = mergeDocuments(base, mine, kept(theirs))
    if (merged === '') expect(result.cells.map(({ source }) => source)).toEqual([''])
    else expect(shown(result)).toBe(merged)
  })

  test('outputs go with their cell, and what is only written otherwise is no change', () => {
    const ran = changeCell(base, 'a', { outputs: [output], executionCount: 1 })
    const theirs = changeCell(kept(ran), 'a', { source: 'edited' })
    expect(mergeDocuments(ran, ran, theirs).cells[0]).toMatchObject({ source: 'edited', executionCount: 1 })
    const both = mergeDocuments(base, ran, changeCell(base, 'b', { outputs: [output], executionCount: 7 }))
    expect(both.cells.map(({ executionCount }) => executionCount)).toEqual([1, 7, null])
    expect(shown(mergeDocuments(ran, removeCell(ran, 'a'), kept(ran)))).toBe('b c')
  })

  test('the text of one and the outputs of the other meet in a cell', () => {
    const ran = changeCell(base, 'a', { outputs: [output], executionCount: 1 })
    const [cell] = mergeDocuments(base, ran, kept(changeCell(base, 'a', { source: 'edited' }))).cells
    expect(cell).toMatchObject({ source: 'edited', outputs: [output], executionCount: 1 })
  })

  test('what no file has stays with a cell that the other did not run', () => {
    const ran = changeCell(base, 'a', { outputs: [output], executionCount: 1 })
    const first = kept(changeCell(ran, 'c', { source: 'y' }))
    const once = mergeDocuments(ran, ran, first)
    expect(once.cells[0]?.outputs).toEqual([output])
    // Nor is it a change of its own then.
    const again = mergeDocuments(first, once, changeCell(first, 'a', { outputs: [], executionCount: 2 }))
    expect(again.cells[0]).toMatchObject({ outputs: [], executionCount: 2 })
    expect(shown(again)).toBe('a b c=y')
  })
})
