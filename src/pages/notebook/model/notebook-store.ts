import { createObservable, type Observable } from '../../playground/run/observable.ts'
import type { Document } from './cells.ts'

/** The notebook that is worked on. */
export interface NotebookStore {
  readonly state: Observable<{ document: Document }>
  /** The document as it is, with what is still to be shown. */
  get(): Document
  change(edit: (document: Document) => Document): void
  /** The same, shown with the next frame: output comes in many small pieces. */
  changeSoon(edit: (document: Document) => Document): void
}

export function createNotebookStore(initial: Document): NotebookStore {
  const [state, set] = createObservable({ document: initial })
  let current = initial
  let frame = 0
  const show = () => {
    frame = 0
    if (state.get().document !== current) set({ document: current })
  }
  return {
    state,
    get: () => current,
    change(edit) {
      current = edit(current)
      show()
    },
    changeSoon(edit) {
      current = edit(current)
      // A page that is not looked at gets no frames.
      if (frame === 0) frame = document.hidden ? window.setTimeout(show, 50) : requestAnimationFrame(show)
    },
  }
}
