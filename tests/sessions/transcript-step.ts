/** One execution of a transcript. */
export interface Step {
  code: string
  /** Of the text of all results and of standard output. */
  shows?: string
  stderr?: string
  error?: string
  /** Media types of its results. */
  types?: string[]
  answer?: string
  /** Not held against the kernel without an engine: the engine leaves out a part of it, or it is another each time. */
  alone?: boolean
  silent?: true
  /** Interrupted once it has written this. */
  interruptAt?: string
}

/** Of each, nothing is said here: what the kernel answers without an engine is right. */
export const only = (...codes: string[]): Step[] => codes.map((code) => ({ code }))
