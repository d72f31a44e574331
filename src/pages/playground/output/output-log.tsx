import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { DownIcon } from '../../design/icons.tsx'
import { createOutputView, type OutputView } from './output-view.ts'

export interface OutputLogProps {
  id?: string
  label: string
  /** Whether a screen reader says what comes. */
  isSpoken?: boolean
  /** Whether more may come. */
  isLive: boolean
  hidden?: boolean
  onView: (view: OutputView) => void
  children?: ComponentChildren
}

/** What programs wrote, at its end as long as nobody scrolls up; from then on with a way back. */
export function OutputLog({ id, label, isSpoken = false, isLive, hidden = false, onView, children }: OutputLogProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const view = useRef<OutputView>(null)
  const [follows, setFollows] = useState(true)
  useEffect(() => {
    if (!scroller.current) return
    const made = createOutputView(scroller.current, setFollows)
    view.current = made
    onView(made)
    return () => made.close()
  }, [])
  return (
    <div class="output-frame" hidden={hidden}>
      {children}
      {/* Keys scroll it, so the focus has to get here. */}
      <div
        class="output"
        id={id}
        ref={scroller}
        role="log"
        aria-label={label}
        aria-live={isSpoken ? 'polite' : 'off'}
        tabIndex={0}
      />
      {!follows && <JumpToEnd isLive={isLive} onJump={() => view.current?.toEnd()} />}
    </div>
  )
}

export function JumpToEnd({ isLive, onJump }: { isLive: boolean; onJump: () => void }) {
  return (
    <div class="jump">
      {isLive && <span>Following paused</span>}
      <button type="button" class="button" onClick={onJump}>
        <DownIcon />
        Jump to end
      </button>
    </div>
  )
}
