import { MIB } from '../../../shared/limits.ts'
import type { Execution } from '../../../shared/sessions/session.ts'

/** Of all cells of one answer together, in bytes of JSON. */
export const CELLS_BYTES = 16 * MIB
/** What is said in `stderr` where a part is missing. */
export const LEFT_OUT = '[the rest of the output was left out: the answer is too large]\n'

/** A cell of `POST /run_jupyter`. */
export interface Cell {
  stdout: string
  stderr: string
  display: Execution['results'][number]['data'][]
  error: { ename: string; evalue: string; traceback: string[] }[]
}

/**
 * Makes cells of executions, in turn, that fit into one answer together: displays that have no room are left out, text is cut, and `stderr` says so.
 * What says that a cell failed is always there, shortened to `SHORT` characters.
 */
export function createCells(bytes = CELLS_BYTES): (done: Execution) => Cell {
  let room = bytes
  /** @returns what there is room for */
  const text = (whole: string): string => {
    const kept = sizeOf(whole) <= room ? whole : cut(whole, room)
    room -= sizeOf(kept)
    return kept
  }
  return ({ stdout, stderr, results, error, status, message }) => {
    const told =
      error ?? (status === 'succeeded' ? null : { name: status ?? 'unknown', value: message ?? '', traceback: [] })
    let isWhole = true
    const fit = (whole: string): string => {
      const kept = text(whole)
      isWhole &&= kept.length === whole.length
      return kept
    }
    const short = (whole: string): string => {
      isWhole &&= whole.length <= SHORT
      return whole.slice(0, SHORT)
    }
    const cell: Cell = {
      error: told ? [{ ename: short(told.name), evalue: short(told.value), traceback: told.traceback.map(fit) }] : [],
      stdout: fit(stdout),
      stderr: fit(stderr),
      display: [],
    }
    for (const { data } of results) {
      const size = sizeOf(data)
      if (size > room) {
        isWhole = false
        continue
      }
      room -= size
      cell.display.push(data)
    }
    if (!isWhole) cell.stderr += `${cell.stderr === '' || cell.stderr.endsWith('\n') ? '' : '\n'}${LEFT_OUT}`
    return cell
  }
}

const SHORT = 4096

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

/** The beginning that has so many bytes in JSON, without half a character at its end. */
function cut(whole: string, bytes: number): string {
  let [low, high] = [0, Math.max(0, Math.min(whole.length, bytes))]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (sizeOf(whole.slice(0, middle)) <= bytes) low = middle
    else high = middle - 1
  }
  const isHalf = low > 0 && low < whole.length && /[\uD800-\uDBFF]/.test(whole.charAt(low - 1))
  return whole.slice(0, isHalf ? low - 1 : low)
}

/**
 * What cells cost beside the request itself: no more than a full bucket has after it, so that any number of them can run.
 * @param burst of the caller's submissions
 */
export const costOfCells = (cells: number, burst: number): number => Math.max(0, Math.min(cells, burst - 1))
