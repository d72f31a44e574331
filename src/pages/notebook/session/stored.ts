import { clearOutputs, type Document } from '../model/cells.ts'
import type { Ran } from './session-state.ts'
import { readNotebook, writeNotebook } from '../model/ipynb.ts'

const NOTEBOOK = 'runyard.notebook'
const LANGUAGE = 'runyard.notebook.language'
const SESSION = 'runyard.notebook.session'
const RAN = 'runyard.notebook.running'

/** How much of a notebook the browser had room for. */
export type Kept = 'whole' | 'without-outputs' | 'nothing'

/** The notebook that was worked on last, kept in this browser. */
export const stored = {
  /** As it is kept now, by whatever tab. */
  text: (): string | null => localStorage.getItem(NOTEBOOK),
  read(): Document | undefined {
    const text = localStorage.getItem(NOTEBOOK)
    try {
      return text === null ? undefined : readNotebook(text)
    } catch {
      return undefined
    }
  },
  keep(document: Document): Kept {
    if (put(writeNotebook(document))) return 'whole'
    return put(writeNotebook(clearOutputs(document))) ? 'without-outputs' : 'nothing'
  },
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

function put(text: string): boolean {
  try {
    localStorage.setItem(NOTEBOOK, text)
    return true
  } catch {
    return false
  }
}
