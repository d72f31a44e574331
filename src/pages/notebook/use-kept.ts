import { useEffect, useRef } from 'preact/hooks'
import { toast } from '../design/toasts.tsx'
import type { Document } from './model/cells.ts'
import { type Kept, stored } from './session/stored.ts'

/** Typing pauses that long. */
const PAUSE_MS = 500

const LACKS: Record<Exclude<Kept, 'whole'>, string> = {
  'without-outputs': 'This browser has no room for the outputs; the notebook is kept without them',
  nothing: 'This browser has no room for the notebook; save it as a file',
}

/** Keeps a notebook in this browser, soon after each change and when the page goes. */
export function useKept(document: Document): void {
  const latest = useRef(document)
  const isKept = useRef(true)
  const told = useRef<Kept>('whole')
  const keep = () => {
    if (isKept.current) return
    isKept.current = true
    const kept = stored.keep(latest.current)
    if (kept !== told.current && kept !== 'whole') toast(LACKS[kept], 'bad')
    told.current = kept
  }
  useEffect(() => {
    addEventListener('pagehide', keep)
    return () => removeEventListener('pagehide', keep)
  }, [])
  useEffect(() => {
    if (latest.current === document) return
    latest.current = document
    isKept.current = false
    const timer = setTimeout(keep, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [document])
}
