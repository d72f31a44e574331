import { useId, useState } from 'preact/hooks'
import { formatBytes, formatCount, formatMs } from '../design/format.ts'
import type { Runtime } from '../client/jobs.ts'
import type { ApiProblem } from '../client/api-problem.ts'
import { OFFERED_LIMIT_NAMES, OFFERED_LIMITS, type OfferedLimit, type Program } from './program.ts'

export interface OptionsPaneProps {
  program: Program
  runtime: Runtime | undefined
  problem: ApiProblem | null
  onChange: (changes: Partial<Program>) => void
}

type Tab = 'input' | 'limits'

/** What the program is run with. */
export function OptionsPane({ program, runtime, problem, onChange }: OptionsPaneProps) {
  const [tab, setTab] = useState<Tab>('input')
  const ids = useId()
  const set = [program.stdin !== '' || program.args !== '', Object.values(program.limits).some((text) => text !== '')]
  const tabs: [Tab, string, boolean | undefined][] = [
    ['input', 'Input', set[0]],
    ['limits', 'Limits', set[1]],
  ]
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    const other = tab === 'input' ? 'limits' : 'input'
    setTab(other)
    document.getElementById(`${ids}-${other}`)?.focus()
  }
  return (
    <section class="pane options-pane" aria-label="What the program is run with">
      <div class="pane-bar tabs" role="tablist" aria-label="Options" tabIndex={-1} onKeyDown={onKeyDown}>
        {tabs.map(([name, words, isSet]) => (
          <button
            type="button"
            role="tab"
            key={name}
            id={`${ids}-${name}`}
            aria-selected={tab === name}
            aria-controls={`${ids}-panel`}
            tabIndex={tab === name ? 0 : -1}
            onClick={() => setTab(name)}
          >
            {words}
            {isSet && <span class="dot" title="set" />}
          </button>
        ))}
      </div>
      <div class={`options of-${tab}`} role="tabpanel" id={`${ids}-panel`} aria-labelledby={`${ids}-${tab}`}>
        {tab === 'input' ? (
          <InputOptions program={program} onChange={onChange} />
        ) : (
          <LimitOptions program={program} runtime={runtime} problem={problem} onChange={onChange} />
        )}
      </div>
    </section>
  )
}

function InputOptions({ program, onChange }: Pick<OptionsPaneProps, 'program' | 'onChange'>) {
  const ids = useId()
  return (
    <>
      <div class="field">
        <label for={`${ids}-stdin`}>Standard input</label>
        <textarea
          class="input mono"
          id={`${ids}-stdin`}
          rows={3}
          spellcheck={false}
          value={program.stdin}
          placeholder={
            program.interactive
              ? 'Sent before what you type while it runs'
              : 'Nothing: the program finds its end at once'
          }
          onInput={(event) => onChange({ stdin: event.currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for={`${ids}-args`}>Arguments, one a line</label>
        <textarea
          class="input mono"
          id={`${ids}-args`}
          rows={3}
          spellcheck={false}
          value={program.args}
          onInput={(event) => onChange({ args: event.currentTarget.value })}
        />
      </div>
      <label class="switch whole">
        <input
          type="checkbox"
          role="switch"
          checked={program.interactive}
          onChange={(event) => onChange({ interactive: event.currentTarget.checked })}
        />
        Interactive: type to the program while it runs
      </label>
    </>
  )
}

function LimitOptions({ program, runtime, problem, onChange }: OptionsPaneProps) {
  const ids = useId()
  return (
    <>
      {OFFERED_LIMIT_NAMES.map((name) => {
        const { label, unit, factor } = OFFERED_LIMITS[name]
        const fault = problem?.errors.find(({ pointer }) => pointer === `/limits/${name}`)
        const usual = runtime?.limits[name]
        const most = runtime?.ceilings[name]
        return (
          <div class="field" key={name}>
            <label for={`${ids}-${name}`}>
              {label}
              {unit && ` (${unit})`}
            </label>
            <input
              class="input numeric"
              id={`${ids}-${name}`}
              inputMode="decimal"
              value={program.limits[name] ?? ''}
              placeholder={usual === undefined ? '' : String(usual / factor)}
              aria-invalid={fault !== undefined}
              aria-describedby={`${ids}-${name}-hint`}
              onInput={(event) => onChange({ limits: { ...program.limits, [name]: event.currentTarget.value } })}
            />
            <span class={fault ? 'fault' : 'hint'} id={`${ids}-${name}-hint`}>
              {fault ? fault.detail : most === undefined ? '' : `at most ${amount(name, most)}`}
            </span>
          </div>
        )
      })}
    </>
  )
}

function amount(name: OfferedLimit, value: number): string {
  if (name.endsWith('Ms')) return formatMs(value)
  return name.endsWith('Bytes') ? formatBytes(value) : formatCount(value)
}
