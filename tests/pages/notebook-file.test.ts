import { describe, expect, test } from '@jest/globals'
import {
  cellAt,
  emptyDocument,
  insertCell,
  moveCell,
  newCell,
  removeCell,
  updateDisplay,
  withOutput,
} from '../../src/pages/notebook/model/cells.ts'
import { linesWithPackages, packagesIn, withPackages } from '../../src/pages/notebook/model/packages.ts'
import { languageOf, NotebookFault, readNotebook, writeNotebook } from '../../src/pages/notebook/model/ipynb.ts'

const FILE = {
  cells: [
    {
      cell_type: 'code',
      id: 'a1',
      metadata: { tags: ['keep'], 'vendor.thing': { deep: [1, null] } },
      execution_count: 3,
      source: ['import math\n', 'math.pi'],
      outputs: [
        { output_type: 'stream', name: 'stdout', text: ['one\n', 'two\n'], 'vendor.note': 1 },
        {
          output_type: 'execute_result',
          execution_count: 3,
          data: { 'text/plain': ['3.14'], 'application/vnd.strange+json': { a: [1] } },
          metadata: { isolated: true },
        },
        { output_type: 'display_data', data: { 'image/png': 'iVBORw==\n' }, metadata: {}, transient: { x: 1 } },
        { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['\u001b[31mE\u001b[0m'] },
        { output_type: 'from-the-future', payload: 7 },
      ],
    },
    {
      cell_type: 'markdown',
      id: 'b2',
      metadata: {},
      source: ['# Title\n', '![x](attachment:x.png)'],
      attachments: { 'x.png': { 'image/png': 'iVBORw==' } },
    },
    { cell_type: 'raw', id: 'c3', metadata: { format: 'text/restructuredtext' }, source: ['raw'] },
  ],
  metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' }, custom: [1, 2] },
  nbformat: 4,
  nbformat_minor: 5,
  'vendor.top': true,
}

describe('a notebook file', () => {
  test('has the packages of its sessions, beside what others keep in the same place', () => {
    const others = { runyard: { theirs: 1 }, custom: [1, 2] }
    const document = readNotebook(JSON.stringify({ ...FILE, metadata: others }))
    const named = withPackages(document, linesWithPackages(' numpy>=2\n\nsix '))
    const again = readNotebook(writeNotebook(named))
    expect(packagesIn(again)).toEqual(['numpy>=2', 'six'])
    expect(again.metadata).toEqual({ runyard: { theirs: 1, dependencies: ['numpy>=2', 'six'] }, custom: [1, 2] })
    expect(withPackages(again, []).metadata).toEqual(others)
    expect(withPackages(withPackages(emptyDocument(), ['six']), []).metadata).toEqual({})
    for (const odd of [null, [], { dependencies: 'six' }, { dependencies: [1, 'six'] }]) {
      const read = readNotebook(JSON.stringify({ ...FILE, metadata: { runyard: odd } }))
      expect(packagesIn(read)).toEqual(
        Array.isArray((odd as { dependencies?: unknown } | null)?.dependencies) ? ['six'] : [],
      )
    }
  })

  test('that is read and written again is the same, with what nobody here knows', () => {
    const again: unknown = JSON.parse(
      writeNotebook(readNotebook(JSON.stringify(FILE)), { language: 'python', name: 'Python' }),
    )
    expect(again).toEqual(FILE)
  })

  test('of an older minor version gets ids for its cells, each once', () => {
    const cell = { cell_type: 'code', metadata: {}, execution_count: null, outputs: [], source: 'x' }
    const file = {
      cells: [{ ...cell, id: 'same' }, { ...cell, id: 'same' }, cell],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 2,
    }
    const { cells } = readNotebook(JSON.stringify(file))
    expect(cells[0]?.id).toBe('same')
    expect(new Set(cells.map(({ id }) => id)).size).toBe(3)
    for (const { id } of cells) expect(id).toMatch(/^[\w-]{1,64}$/)
    expect(JSON.parse(writeNotebook({ cells, metadata: {}, rest: {} }))).toMatchObject({
      nbformat: 4,
      nbformat_minor: 5,
    })
  })

  test('names its language, as its own metadata has it, else by the kernel that it runs in', () => {
    expect(languageOf(readNotebook(JSON.stringify(FILE)).metadata)).toBe('python')
    expect(languageOf({ language_info: { name: 'R' } })).toBe('r')
    const written: unknown = JSON.parse(writeNotebook(emptyDocument(), { language: 'python', name: 'Python' }))
    expect(written).toMatchObject({ metadata: { kernelspec: { name: 'python3', display_name: 'Python' } } })
  })

  test.each([
    ['text', 'hello', /not JSON/],
    ['a list', '[]', /no cells/],
    ['cells missing', '{"nbformat": 4}', /no cells/],
    ['format 3', '{"nbformat": 3, "worksheets": []}', /format 3; format 4/],
    ['a cell of no type', '{"nbformat": 4, "cells": [{"cell_type": "heading"}]}', /Cell 1 has the type "heading"/],
    ['depth without end', `{"nbformat": 4, "cells": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /nested too deep/],
    ['a cell that is none', '{"nbformat": 4, "cells": [{"cell_type": "raw"}, 7]}', /Cell 2 is not an object/],
  ])('of %s is refused with the reason', (_, text, reason) => {
    expect(() => readNotebook(text)).toThrow(NotebookFault)
    expect(() => readNotebook(text)).toThrow(reason)
  })

  test('shows of an error what is text', () => {
    const traceback = ['line 1', { toString: 1, valueOf: 1 }]
    const cell = { cell_type: 'code', outputs: [{ output_type: 'error', ename: 'E', evalue: 'v', traceback }] }
    const { cells } = readNotebook(JSON.stringify({ nbformat: 4, cells: [cell] }))
    expect(cells[0]?.outputs).toMatchObject([{ output_type: 'error', ename: 'E', traceback: ['line 1', ''] }])
  })

  test('keeps the id of a display to itself', () => {
    const document = { ...emptyDocument(), cells: [{ ...newCell(), outputs: [display('x', 'one')] }] }
    expect(writeNotebook(document)).not.toContain('display_id')
  })
})

const display = (display_id: string, text: string) =>
  ({ output_type: 'display_data', data: { 'text/plain': text }, metadata: {}, display_id }) as const

describe('cells', () => {
  test('are inserted, moved within their bounds and removed, until an empty one is left', () => {
    const [one, two] = [newCell('code', '1'), newCell('markdown', '2')]
    let document = insertCell({ ...emptyDocument(), cells: [one] }, 1, two)
    const order = () => document.cells.map(({ source }) => source)
    expect(order()).toEqual(['1', '2'])
    document = moveCell(document, two.id, -1)
    expect(order()).toEqual(['2', '1'])
    document = moveCell(document, two.id, -1)
    expect(order()).toEqual(['2', '1'])
    document = removeCell(removeCell(document, one.id), two.id)
    expect(order()).toEqual([''])
  })

  test('join pieces of one stream, and keep the two apart', () => {
    const text = (name: 'stdout' | 'stderr', piece: string) => ({ output_type: 'stream', name, text: piece }) as const
    const all = [text('stdout', 'a'), text('stdout', 'b\n'), text('stderr', 'c'), text('stdout', 'd')]
    expect(all.reduce<ReturnType<typeof withOutput>>(withOutput, [])).toEqual([
      text('stdout', 'ab\n'),
      text('stderr', 'c'),
      text('stdout', 'd'),
    ])
  })

  test('show a display anew wherever it is', () => {
    const cells = [
      { ...newCell(), outputs: [display('x', 'old'), display('y', 'other')] },
      { ...newCell(), outputs: [display('x', 'old')] },
    ]
    const updated = updateDisplay({ ...emptyDocument(), cells }, 'x', { data: { 'text/plain': 'new' }, metadata: {} })
    expect(cellAt(updated, cells[0]?.id ?? '')?.outputs).toEqual([display('x', 'new'), display('y', 'other')])
    expect(cellAt(updated, cells[1]?.id ?? '')?.outputs).toEqual([display('x', 'new')])
  })
})
