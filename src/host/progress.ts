/** Tells a person what is being done; each step is named before it begins. */
export interface Progress {
  /** Runs `work` under a title. It may report what it is at; the time it took is shown at the end. */
  step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>
  note(text: string): void
}

/** For callers that want none. */
export const silentProgress: Progress = {
  step: (_title, work) => work(() => {}),
  note: () => {},
}
