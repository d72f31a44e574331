import { IsDate } from 'typebox/format'

const FORM = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i

/**
 * Reads a time as RFC 3339 has it. `Date.parse` takes other forms too, and takes 31 February for 3 March.
 * @returns ms since 1970, or undefined when the text is no such time
 */
export function parseTime(text: string): number | undefined {
  const day = FORM.exec(text)?.[1]
  if (day === undefined || !IsDate(day)) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
