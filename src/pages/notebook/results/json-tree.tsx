import { useState } from 'preact/hooks'
import { isFields } from '../model/ipynb.ts'

const MOST_SHOWN = 200

/** A value of JSON as a tree; what is closed makes no elements. */
export function JsonTree({ value }: { value: unknown }) {
  return (
    <div class="json mono">
      <Node value={value} isOpen />
    </div>
  )
}

function Node({ name, value, isOpen = false }: { name?: string; value: unknown; isOpen?: boolean }) {
  const [open, setOpen] = useState(isOpen)
  const [most, setMost] = useState(MOST_SHOWN)
  const label = name !== undefined && <span class="json-name">{name}: </span>
  const entries: [string, unknown][] | undefined = Array.isArray(value)
    ? value.map((one: unknown, index) => [String(index), one])
    : isFields(value)
      ? Object.entries(value)
      : undefined
  if (!entries) {
    return (
      <div>
        {label}
        <span class={`json-${value === null ? 'null' : typeof value}`}>{JSON.stringify(value)}</span>
      </div>
    )
  }
  const [left, right] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (entries.length === 0) {
    return (
      <div>
        {label}
        {left}
        {right}
      </div>
    )
  }
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {label}
        {left} <span class="faint">{entries.length === 1 ? '1 entry' : `${entries.length} entries`}</span> {right}
      </summary>
      {open && entries.slice(0, most).map(([key, one]) => <Node key={key} name={key} value={one} />)}
      {open && entries.length > most && (
        <button type="button" class="button" onClick={() => setMost(most + MOST_SHOWN)}>
          Show more
        </button>
      )}
    </details>
  )
}
