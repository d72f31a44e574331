import { useEffect, useState } from 'preact/hooks'
import { CloseIcon } from './icons.tsx'

export interface Toast {
  text: string
  tone?: 'good' | 'bad'
}

const SHOWN_MS = 6000
let nextId = 1
let show: (toast: Toast) => void = () => undefined

/** Tells of something in passing. What must be read belongs into the page. */
export const toast = (text: string, tone?: Toast['tone']): void => show(tone ? { text, tone } : { text })

/** Where toasts appear; a page has one. Errors stay until they are closed. */
export function Toasts() {
  const [shown, setShown] = useState<(Toast & { id: number })[]>([])
  const close = (id: number) => setShown((all) => all.filter((one) => one.id !== id))
  useEffect(() => {
    show = (one) => {
      const id = nextId++
      setShown((all) => [...all, { ...one, id }])
      if (one.tone !== 'bad') setTimeout(() => close(id), SHOWN_MS)
    }
    return () => (show = () => undefined)
  }, [])
  return (
    <div class="toasts" role="status">
      {shown.map(({ id, text, tone }) => (
        <div class={`toast ${tone ?? ''}`} key={id}>
          <span>{text}</span>
          <button type="button" class="button quiet square" aria-label="Dismiss" onClick={() => close(id)}>
            <CloseIcon />
          </button>
        </div>
      ))}
    </div>
  )
}
