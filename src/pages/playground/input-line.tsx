import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { JobRun } from './run/job-run.ts'

/** Where a person talks to a running program: a line at a time, as a terminal sends it. */
export function InputLine({ run }: { run: JobRun }) {
  const input = useRef<HTMLInputElement>(null)
  const [line, setLine] = useState('')
  const [isOpen, setOpen] = useState(true)
  const sent = useRef<string[]>([])
  const place = useRef(0)
  useLayoutEffect(() => input.current?.focus(), [])

  const send = (event: Event) => {
    event.preventDefault()
    run.sendLine(line)
    sent.current.push(line)
    place.current = sent.current.length
    setLine('')
  }
  const end = () => {
    run.sendEof()
    setOpen(false)
  }
  const recall = (step: number) => {
    place.current = Math.min(sent.current.length, Math.max(0, place.current + step))
    setLine(sent.current[place.current] ?? '')
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, ctrlKey, currentTarget } = event
    const { selectionStart, selectionEnd } = currentTarget as HTMLInputElement
    if (key === 'ArrowUp') recall(-1)
    else if (key === 'ArrowDown') recall(1)
    else if (ctrlKey && key === 'c' && selectionStart === selectionEnd) run.interrupt()
    else if (ctrlKey && key === 'd' && line === '') end()
    else return
    event.preventDefault()
  }
  return (
    <form class="input-line" onSubmit={send}>
      <label for="input-line" aria-hidden="true">
        ›
      </label>
      <input
        id="input-line"
        class="mono"
        ref={input}
        aria-label="Input to the program"
        placeholder={isOpen ? 'Type a line and press Enter' : 'The input has ended'}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        disabled={!isOpen}
        value={line}
        onInput={(event) => setLine(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="button" class="button" title="Interrupt the program" onClick={() => run.interrupt()}>
        Ctrl-C
      </button>
      <button type="button" class="button" title="End the input" disabled={!isOpen} onClick={end}>
        Ctrl-D
      </button>
    </form>
  )
}
