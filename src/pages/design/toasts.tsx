import { useEffect, useState } from 'preact/hooks'
import { CloseIcon } from './icons.tsx'

export interface Toast {
  text: string
  tone?: 'good' | 'bad'
  /** What can be done about it; while the pointer or the focus is on the toast it stays. */
  action?: { words: string; run: () => void }
}

const SHOWN_MS = 6000
/** What can be taken back is offered for longer. */
const OFFERED_MS = 20_000
let nextId = 1
let show: (toast: Toast) => void = () => undefined

/** Tells of something in passing. What must be read belongs into the page. */
export const toast = (text: string, tone?: Toast['tone']): void => show(tone ? { text, tone } : { text })

/** Tells of something and offers to take it back. Only the last such offer is shown. */
export const offer = (text: string, words: string, run: () => void): void => show({ text, action: { words, run } })

type Shown = Toast & { id: number }

/** Where toasts appear; a page has one. Errors stay until they are closed. */
export function Toasts() {
  const [shown, setShown] = useState<Shown[]>([])
  const close = (id: number) => setShown((all) => all.filter((one) => one.id !== id))
  useEffect(() => {
    show = (one) => setShown((all) => [...all.filter(({ action }) => !one.action || !action), { ...one, id: nextId++ }])
    return () => (show = () => undefined)
  }, [])
  return (
    <div class="toasts" role="status">
      {shown.map((one) => (
        <ToastItem key={one.id} toast={one} onClose={() => close(one.id)} />
      ))}
    </div>
  )
}

function ToastItem({ toast: { text, tone, action }, onClose }: { toast: Shown; onClose: () => void }) {
  const [isPaused, setPaused] = useState(false)
  useEffect(() => {
    if (tone === 'bad' || isPaused) return
    const timer = setTimeout(onClose, action ? OFFERED_MS : SHOWN_MS)
    return () => clearTimeout(timer)
  }, [isPaused])
  const pause = { onPointerEnter: () => setPaused(true), onFocusIn: () => setPaused(true) }
  const resume = { onPointerLeave: () => setPaused(false), onFocusOut: () => setPaused(false) }
  return (
    <div class={`toast ${tone ?? ''}`} {...pause} {...resume}>
      <span>{text}</span>
      {action && (
        <button type="button" class="button" onClick={() => (action.run(), onClose())}>
          {action.words}
        </button>
      )}
      <button type="button" class="button quiet square" aria-label="Dismiss" onClick={onClose}>
        <CloseIcon />
      </button>
    </div>
  )
}
