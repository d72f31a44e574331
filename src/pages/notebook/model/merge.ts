import { type Cell, cellAt, type Document, newCell } from './cells.ts'

/**
 * Two changes of one notebook as one: what only one of them changed is as that one has it, and what both changed as `mine` has it.
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

/** @returns undefined when it is gone */
function mergeCell(base: Cell | undefined, mine: Cell | undefined, theirs: Cell | undefined): Cell | undefined {
  if (!mine && !theirs) return undefined
  // Removed by one of them, unless the other has changed it.
  if (base && mine && !theirs) return isSameCell(base, mine) ? undefined : mine
  // What was read back from where it was kept is written otherwise, but its text is not.
  if (base && theirs && !mine) return base.source === theirs.source ? undefined : theirs
  if (!mine || !theirs) return mine ?? theirs
  if (!base) return mine
  return isSameCell(base, mine) ? { ...theirs, version: mine.version } : mine
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

/** Whether two cells are the same but for how often an editor was told of them. */
const isSameCell = (one: Cell, other: Cell): boolean => isSame({ ...one, version: 0 }, { ...other, version: 0 })
