import { useEffect, useRef, useState } from 'preact/hooks'
import { toast } from '../design/toasts.tsx'
import { type Document, inPlaceOf } from './model/cells.ts'
import { writeNotebook } from './model/ipynb.ts'
import type { NotebookStore } from './model/notebook-store.ts'
import { createNotebookKeeper, type Kept } from './session/kept-notebook.ts'

/** Typing pauses that long. */
const PAUSE_MS = 500

const LACKS: Record<Exclude<Kept, 'whole'>, string> = {
  'without-outputs': 'This browser has no room for the outputs; the notebook is kept without them',
  nothing: 'This browser has no room for the notebook; save it as a file',
}
const ANOTHER =
  'Another tab has another notebook. This browser keeps the one that was changed last; save this one as a file'

/**
 * Keeps a notebook in this browser, soon after each change and when the page goes. Other tabs keep theirs in the same place: what they changed of the
 * same notebook is taken over, so that none overwrites the cells of another.
 * @param id of the notebook that the store has
 */
export function useKept(document: Document, store: NotebookStore, id: { readonly current: string }): void {
  const isKept = useRef(true)
  const told = useRef<Kept>('whole')
  const timer = useRef(0)
  /** Nobody changed it here. */
  const known = useRef(document)
  const [keeper] = useState(() => createNotebookKeeper(localStorage, id.current, document))
  const takeOver = () => {
    const mine = store.get()
    const found = keeper.look(id.current, mine)
    if (found.what === 'another' && found.isNew) toast(ANOTHER)
    if (found.what !== 'changes') return
    const { merged } = found
    isKept.current = found.isKept
    if (writeNotebook(merged) === writeNotebook(mine)) return
    known.current = inPlaceOf(mine, merged)
    store.change(() => known.current)
  }
  const keep = () => {
    takeOver()
    if (isKept.current) return
    const kept = keeper.keep(id.current, store.get())
    isKept.current = kept !== 'nothing'
    if (kept !== told.current && kept !== 'whole') toast(LACKS[kept], 'bad')
    told.current = kept
  }
  const keepSoon = () => {
    clearTimeout(timer.current)
    timer.current = window.setTimeout(keep, PAUSE_MS)
  }
  useEffect(() => {
    const onStorage = () => {
      takeOver()
      if (!isKept.current) keepSoon()
    }
    addEventListener('pagehide', keep)
    addEventListener('storage', onStorage)
    return () => {
      removeEventListener('pagehide', keep)
      removeEventListener('storage', onStorage)
      clearTimeout(timer.current)
    }
  }, [])
  useEffect(() => {
    if (document === known.current) return
    isKept.current = false
    keepSoon()
  }, [document])
}
