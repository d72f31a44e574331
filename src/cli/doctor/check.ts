export type CheckState = 'ok' | 'warn' | 'fail'

/** The result of looking at one need. */
export interface Check {
  name: string
  state: CheckState
  /** What was found. */
  detail: string
  /** What to do about it; always there unless the state is `ok`. */
  mend?: string
}

export const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail })
export const warn = (name: string, detail: string, mend: string): Check => ({ name, state: 'warn', detail, mend })
export const fail = (name: string, detail: string, mend: string): Check => ({ name, state: 'fail', detail, mend })

/** A check that broke is a failed check, never a broken doctor. */
export async function guarded(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look()
  } catch (error) {
    return fail(name, error instanceof Error ? error.message : String(error), 'see the message')
  }
}

const MARKS: Record<CheckState, string> = { ok: '✓', warn: '!', fail: '✗' }

/** The checks as lines for a terminal, each fault with its mending below. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, state, detail, mend }) => [
    `${MARKS[state]} ${name.padEnd(width)}  ${detail.replaceAll('\n', `\n${' '.repeat(width + 4)}`)}`,
    ...(mend === undefined ? [] : [`${' '.repeat(width + 4)}mend: ${mend}`]),
  ])
  const count = (state: CheckState) => checks.filter((check) => check.state === state).length
  return [...lines, '', `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`].join('\n')
}
