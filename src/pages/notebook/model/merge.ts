import { type Cell, cellAt, type Document, newCell } from './cells.ts'
import { writeCell } from './ipynb.ts'

/**
 * Two changes of one notebook as one: what only one of them changed is as that one has it, and what both changed as `mine` has it. What a cell is and what
 * it showed count separately. Cells are compared as they are written: what was read back lacks what no file has.
 * @param base what both began with
 */
export function mergeDocuments(base: Document, mine: Document, theirs: Document): Document {
  const ids = orderOf(base, mine, theirs)
  const cells = ids.flatMap((id) => mergeCell(cellAt(base, id), cellAt(mine, id), cellAt(theirs, id)) ?? [])
  const isMine = !isSame(base.metadata, mine.metadata)
  return {
    cells: cells.length === 0 ? [newCell()] : cells,
    metadata: isMine ? mine.metadata : theirs.metadata,
    rest: isSame(base.rest, mine.rest) ? theirs.rest : mine.rest,
  }
}

/** A notebook that was kept without outputs, with those that were known before of cells whose source is the same. */
export const withOutputsOf = (known: Document, document: Document): Document => ({
  ...document,
  cells: document.cells.map((cell) => {
    const before = cellAt(known, cell.id)
    return before?.source === cell.source ? { ...cell, ...resultOf(before) } : cell
  }),
})

/** @returns undefined when it is gone */
function mergeCell(base: Cell | undefined, mine: Cell | undefined, theirs: Cell | undefined): Cell | undefined {
  if (!mine && !theirs) return undefined
  // Removed by one of them, unless the other has changed it.
  if (base && mine && !theirs) return isSameText(base, mine) && isSameResult(base, mine) ? undefined : mine
  if (base && theirs && !mine) return base.source === theirs.source ? undefined : theirs
  if (!mine || !theirs) return mine ?? theirs
  if (!base) return mine
  const takesText = isSameText(base, mine) && !isSameText(base, theirs)
  const takesResult = isSameResult(base, mine) && !isSameResult(base, theirs)
  const text = takesText ? { ...theirs, version: mine.version } : mine
  return { ...text, ...resultOf(takesResult ? theirs : mine) }
}

/** All ids in the order of who moved cells, each that the other added behind the one that is before it there. */
function orderOf(base: Document, mine: Document, theirs: Document): string[] {
  const [before, here, there] = [idsOf(base), idsOf(mine), idsOf(theirs)]
  const common = (ids: readonly string[]) =>
    ids.filter((id) => before.includes(id) && here.includes(id) && there.includes(id))
  const isMoved = common(before).join() !== common(here).join()
  const [first, second] = isMoved ? [here, there] : [there, here]
  const order = [...first]
  for (const [index, id] of second.entries()) {
    if (order.includes(id)) continue
    const previous = second.slice(0, index).findLast((one) => order.includes(one))
    order.splice(previous === undefined ? 0 : order.indexOf(previous) + 1, 0, id)
  }
  return order
}

const idsOf = ({ cells }: Document): string[] => cells.map(({ id }) => id)
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

const resultOf = ({ outputs, executionCount }: Cell) => ({ outputs, executionCount })
const NO_RESULT = { outputs: [], executionCount: null }

const isSameText = (one: Cell, other: Cell): boolean =>
  isSame(writeCell({ ...one, ...NO_RESULT }), writeCell({ ...other, ...NO_RESULT }))
const isSameResult = (one: Cell, other: Cell): boolean => isSame(writtenResult(one), writtenResult(other))
const writtenResult = ({ outputs, executionCount }: Cell) =>
  writeCell({ ...newCell('code', ''), id: '', outputs, executionCount })
