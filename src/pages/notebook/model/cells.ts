/** A document of cells, as it is worked on. Every function makes a new one. */
export interface Document {
  cells: readonly Cell[]
  /** Of the file, with what nobody here knows. */
  metadata: Readonly<Record<string, unknown>>
  /** Other members of the file. */
  rest: Readonly<Record<string, unknown>>
}

export type CellType = 'code' | 'markdown' | 'raw'

export interface Cell {
  id: string
  type: CellType
  source: string
  /** Rises when the source was changed from outside of its editor. */
  version: number
  metadata: Readonly<Record<string, unknown>>
  outputs: readonly Output[]
  executionCount: number | null
  /** Other members of the cell in its file, e.g. attachments. */
  rest: Readonly<Record<string, unknown>>
}

/** Something to show in several forms, by media type. */
export interface MimeBundle {
  data: Readonly<Record<string, unknown>>
  metadata: Readonly<Record<string, unknown>>
}

/** What a cell gave, as notebook files have it; `display_id` is not written to them. */
export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | ({ output_type: 'display_data'; display_id?: string } & MimeBundle)
  | ({ output_type: 'execute_result'; execution_count: number | null; display_id?: string } & MimeBundle)
  | { output_type: 'error'; ename: string; evalue: string; traceback: readonly string[] }
  | { output_type: 'unknown'; raw: unknown }

/** The id of a cell: what its file format allows, and unlikely to be there twice. */
export const newCellId = (): string =>
  // `crypto.randomUUID` is for secure contexts only.
  Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, '0')).join('')

export const newCell = (type: CellType = 'code', source = ''): Cell => ({
  id: newCellId(),
  type,
  source,
  version: 0,
  metadata: {},
  outputs: [],
  executionCount: null,
  rest: {},
})

export const emptyDocument = (): Document => ({ cells: [newCell()], metadata: {}, rest: {} })

export const cellAt = ({ cells }: Document, id: string): Cell | undefined => cells.find((cell) => cell.id === id)

export const changeCell = (document: Document, id: string, changes: Partial<Cell>): Document => ({
  ...document,
  cells: document.cells.map((cell) => (cell.id === id ? { ...cell, ...changes } : cell)),
})

/** @param index of the new cell */
export const insertCell = (document: Document, index: number, cell: Cell): Document => ({
  ...document,
  cells: document.cells.toSpliced(index, 0, cell),
})

/** One cell is always left to write into. */
export function removeCell(document: Document, id: string): Document {
  const cells = document.cells.filter((cell) => cell.id !== id)
  return { ...document, cells: cells.length === 0 ? [newCell()] : cells }
}

/** @param step how many places down */
export function moveCell(document: Document, id: string, step: number): Document {
  const from = document.cells.findIndex((cell) => cell.id === id)
  const cell = document.cells[from]
  const to = from + step
  if (!cell || to < 0 || to >= document.cells.length) return document
  return { ...document, cells: document.cells.toSpliced(from, 1).toSpliced(to, 0, cell) }
}

/** What ran is no property of a text. */
export const changeType = (document: Document, id: string, type: CellType): Document =>
  changeCell(document, id, { type, ...(type !== 'code' && { outputs: [], executionCount: null }) })

/** A document in the place of another: the editors of cells that are in both show the new text, as their `version` rises. */
export function inPlaceOf(shown: Document, document: Document): Document {
  const version = Math.max(0, ...shown.cells.map((cell) => cell.version)) + 1
  return {
    ...document,
    cells: document.cells.map((cell) => {
      const before = cellAt(shown, cell.id)
      return { ...cell, version: before?.source === cell.source ? before.version : version }
    }),
  }
}

export const clearOutputs = (document: Document): Document => ({
  ...document,
  cells: document.cells.map((cell) => ({ ...cell, outputs: [], executionCount: null })),
})

/** Text of a stream joins what came last, where that is of the same stream. */
export function withOutput(outputs: readonly Output[], output: Output): Output[] {
  const last = outputs.at(-1)
  if (output.output_type !== 'stream' || last?.output_type !== 'stream' || last.name !== output.name)
    return [...outputs, output]
  return [...outputs.slice(0, -1), { ...last, text: last.text + output.text }]
}

/** What a kernel shows anew takes the place of all that has its `display_id`, in whichever cell. */
export function updateDisplay(document: Document, displayId: string, { data, metadata }: MimeBundle): Document {
  const updated = (output: Output): Output =>
    'display_id' in output && output.display_id === displayId ? { ...output, data, metadata } : output
  const hasIt = (output: Output) => 'display_id' in output && output.display_id === displayId
  return {
    ...document,
    cells: document.cells.map((cell) =>
      cell.outputs.some(hasIt) ? { ...cell, outputs: cell.outputs.map(updated) } : cell,
    ),
  }
}
