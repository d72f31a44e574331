import { useMemo } from 'preact/hooks'
import { shown } from '../output/odd-characters.ts'
import { lineDiff } from './line-diff.ts'

const MARKS = { same: ' ', expected: '−', actual: '+' } as const
const WORDS = { same: '', expected: 'expected: ', actual: 'written: ' } as const
/** Of a long output the beginning says enough. */
const MOST_LINES = 400

/** Two outputs, the lines of each alone marked. */
export function Difference({ expected, actual }: { expected: string; actual: string }) {
  const lines = useMemo(() => lineDiff(expected, actual), [expected, actual])
  if (lines.every(({ kind }) => kind === 'same')) {
    return <p class="faint">The lines are the same; white space or what the checker looks at differs.</p>
  }
  return (
    <>
      <p class="faint">− expected, + written</p>
      {/* Keys scroll it, so the focus has to get here. */}
      <pre class="difference" tabIndex={0} role="region" aria-label="Difference between expected and written output">
        {lines.slice(0, MOST_LINES).map(({ kind, text }, index) => (
          <div key={index} class={kind}>
            <span aria-hidden="true">{MARKS[kind]} </span>
            <span class="unseen">{WORDS[kind]}</span>
            {shown(text)}
          </div>
        ))}
      </pre>
      {lines.length > MOST_LINES && <p class="faint">{lines.length - MOST_LINES} more lines</p>}
    </>
  )
}
