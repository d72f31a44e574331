import { useLayoutEffect, useRef } from 'preact/hooks'
import { createOutputView, type OutputView } from '../../playground/output/output-view.ts'

export interface Piece {
  stream: 'stdout' | 'stderr'
  text: string
}

/** Text with the colours of a terminal. What is added to it is added to what is shown; anything else is shown anew. */
export function StreamText({
  pieces,
  label = 'Output',
  isError = false,
}: {
  pieces: readonly Piece[]
  label?: string
  isError?: boolean
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const view = useRef<OutputView>(null)
  const written = useRef<readonly Piece[]>([])
  useLayoutEffect(() => {
    if (!scroller.current) return
    const made = createOutputView(scroller.current)
    view.current = made
    return () => made.close()
  }, [])
  useLayoutEffect(() => {
    const before = written.current
    const goesOn = before.every(({ stream, text }, index) => {
      const now = pieces[index]
      const isLast = index === before.length - 1
      return now?.stream === stream && (isLast ? now.text.startsWith(text) : now.text === text)
    })
    if (!goesOn) view.current?.clear()
    for (const [index, { stream, text }] of pieces.entries()) {
      view.current?.write(stream, goesOn ? text.slice(before[index]?.text.length ?? 0) : text)
    }
    if (before.length === 0) view.current?.settle()
    written.current = pieces
  }, [pieces])
  return (
    <div
      class={`output stream ${isError ? 'error' : ''}`}
      ref={scroller}
      role="log"
      aria-live="off"
      aria-label={label}
      tabIndex={0}
    />
  )
}
