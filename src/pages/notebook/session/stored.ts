import type { Ran } from './session-state.ts'

const LANGUAGE = 'runyard.notebook.language'
const SESSION = 'runyard.notebook.session'
const RAN = 'runyard.notebook.running'

/** What this browser keeps beside the notebook, which `kept-notebook.ts` has. */
export const stored = {
  language: (): string | null => localStorage.getItem(LANGUAGE),
  keepLanguage: (language: string): void => localStorage.setItem(LANGUAGE, language),
  /** The session of this tab, which outlives a reload of the page. */
  session: (): string | null => sessionStorage.getItem(SESSION),
  keepSession(id: string | null): void {
    if (id === null) sessionStorage.removeItem(SESSION)
    else sessionStorage.setItem(SESSION, id)
  },
  /** The cell that runs in the session of this tab. */
  ran(): Ran | null {
    const [cell, execution] = sessionStorage.getItem(RAN)?.split(' ') ?? []
    return cell !== undefined && execution !== undefined ? { cell, execution } : null
  },
  keepRan(ran: Ran | null): void {
    if (ran === null) sessionStorage.removeItem(RAN)
    else sessionStorage.setItem(RAN, `${ran.cell} ${ran.execution}`)
  },
}
