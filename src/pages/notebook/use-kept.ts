import { useEffect, useRef, useState } from 'preact/hooks'
import { toast } from '../design/toasts.tsx'
import { type Document, inPlaceOf } from './model/cells.ts'
import { writeNotebook } from './model/ipynb.ts'
import { mergeDocuments } from './model/merge.ts'
import type { NotebookStore } from './model/notebook-store.ts'
import { type Kept, stored } from './session/stored.ts'

/** Typing pauses that long. */
const PAUSE_MS = 500

const LACKS: Record<Exclude<Kept, 'whole'>, string> = {
  'without-outputs': 'This browser has no room for the outputs; the notebook is kept without them',
  nothing: 'This browser has no room for the notebook; save it as a file',
}

/**
 * Keeps a notebook in this browser, soon after each change and when the page goes. Other tabs keep theirs in the same place: what they changed is
 * taken over, so that none overwrites the cells of another.
 */
export function useKept(document: Document, store: NotebookStore): void {
  const isKept = useRef(true)
  const told = useRef<Kept>('whole')
  const timer = useRef(0)
  /** What was kept last, by whatever tab, as far as this one knows. */
  const [seen] = useState(() => ({ text: stored.text(), document }))
  const takeOver = () => {
    const text = stored.text()
    const theirs = text === seen.text ? undefined : stored.read()
    if (!theirs) return
    const mine = store.get()
    const merged = mergeDocuments(seen.document, mine, theirs)
    const words = writeNotebook(merged)
    Object.assign(seen, { text, document: theirs })
    isKept.current = words === writeNotebook(theirs)
    if (words !== writeNotebook(mine)) store.change((shown) => inPlaceOf(shown, merged))
  }
  const keep = () => {
    takeOver()
    if (isKept.current) return
    isKept.current = true
    const mine = store.get()
    const kept = stored.keep(mine)
    Object.assign(seen, { text: stored.text(), document: mine })
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
    if (document === seen.document) return
    isKept.current = false
    keepSoon()
  }, [document])
}
