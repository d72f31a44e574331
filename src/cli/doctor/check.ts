import { type Format, type Paint, plain } from '../paint.ts'

export type CheckState = 'ok' | 'warn' | 'fail' | 'skip'

/** The result of looking at one need. */
export interface Check {
  name: string
  /** `warn`: it works, but not well or not always. `skip`: not looked at, since something else has to be fixed first. */
  state: CheckState
  /** What was found. */
  detail: string
  /** What to do about it; always there unless the state is `ok`. */
  mend?: string
}

export const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail })
export const warn = (name: string, detail: string, mend: string): Check => ({ name, state: 'warn', detail, mend })
export const fail = (name: string, detail: string, mend: string): Check => ({ name, state: 'fail', detail, mend })
/** @param first the check that has to be ok before this one can be made */
export const skip = (name: string, first: string): Check => ({
  name,
  state: 'skip',
  detail: 'not checked',
  mend: `fix ${first} first`,
})

/** A check that broke is a failed check, never a broken doctor. */
export async function guarded(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look()
  } catch (error) {
    const detail = `the check itself failed: ${error instanceof Error ? error.message : String(error)}`
    return fail(name, detail, 'fix what this message names, then run npx runyard doctor again')
  }
}

const MARKS: Record<CheckState, [mark: string, format: Format]> = {
  ok: ['✓', 'green'],
  warn: ['!', 'yellow'],
  fail: ['✗', 'red'],
  skip: ['-', 'dim'],
}

/** The checks as lines for a terminal, each fault with its fix below, and at the end what that means. */
export function renderChecks(checks: readonly Check[], paint: Paint = plain): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const indent = ' '.repeat(width + 4)
  const lines = checks.flatMap(({ name, state, detail, mend }) => {
    const [mark, format] = MARKS[state]
    const head = `${paint(format, mark)} ${name.padEnd(width)}  `
    if (state === 'skip') return [`${head}${paint('dim', `${detail}: ${mend ?? ''}`)}`]
    const fix = mend === undefined ? [] : [`${indent}${paint('bold', 'fix:')} ${mend}`]
    return [`${head}${detail.replaceAll('\n', `\n${indent}`)}`, ...fix]
  })
  return [...lines, '', verdict(checks, paint)].join('\n')
}

function verdict(checks: readonly Check[], paint: Paint): string {
  const named = (state: CheckState, one: string, many: string) => {
    const names = checks.filter((check) => check.state === state).map(({ name }) => name)
    return names.length === 0 ? [] : [`${names.length} ${names.length === 1 ? one : many} (${names.join(', ')})`]
  }
  const failed = named('fail', 'check failed', 'checks failed')
  const warned = named('warn', 'warning', 'warnings')
  const skipped = named('skip', 'not checked', 'not checked')
  if (failed.length > 0) {
    const words = `Runyard cannot run jobs here yet: ${[...failed, ...skipped, ...warned].join(', ')}.`
    return paint('red', words)
  }
  if (warned.length > 0)
    return paint('yellow', `Runyard can run jobs here, with ${[...warned, ...skipped].join(', ')}.`)
  return paint('green', `Runyard can run jobs here: all ${checks.length} checks passed.`)
}
