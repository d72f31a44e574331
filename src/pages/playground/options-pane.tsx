import { useId } from 'preact/hooks'
import type { Runtime } from '../../client/client.ts'
import type { FieldError } from '../../shared/problems.ts'
import { plainDetail } from '../design/plain-detail.ts'
import { inUnit, limitFault } from './limit-fault.ts'
import { OFFERED_LIMIT_NAMES, OFFERED_LIMITS, type Program } from './program.ts'

export interface OptionsPaneProps {
  program: Program
  runtime: Runtime | undefined
  /** What was refused of what stands in the fields. */
  errors: readonly FieldError[]
  tab: OptionsTab
  onTab: (tab: OptionsTab) => void
  onChange: (changes: Partial<Program>) => void
}

export type OptionsTab = 'input' | 'limits'

/** Input and options. */
export function OptionsPane({ program, runtime, errors, tab, onTab, onChange }: OptionsPaneProps) {
  const ids = useId()
  const set = [program.stdin !== '' || program.args !== '', Object.values(program.limits).some((text) => text !== '')]
  const tabs: [OptionsTab, string, boolean | undefined][] = [
    ['input', 'Input', set[0]],
    ['limits', 'Limits', set[1]],
  ]
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    const other = tab === 'input' ? 'limits' : 'input'
    onTab(other)
    document.getElementById(`${ids}-${other}`)?.focus()
  }
  return (
    <section class="pane options-pane" aria-label="Input and options">
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
            onClick={() => onTab(name)}
          >
            {words}
            {isSet && <span class="dot" title="set" />}
          </button>
        ))}
      </div>
      <div class={`options of-${tab}`} role="tabpanel" id={`${ids}-panel`} aria-labelledby={`${ids}-${tab}`}>
        {tab === 'input' ? (
          <InputOptions program={program} errors={errors} onChange={onChange} />
        ) : (
          <LimitOptions program={program} runtime={runtime} errors={errors} onChange={onChange} />
        )}
      </div>
    </section>
  )
}

function InputOptions({ program, errors, onChange }: Pick<OptionsPaneProps, 'program' | 'errors' | 'onChange'>) {
  const ids = useId()
  const text = (name: 'stdin' | 'args', label: string, placeholder = '') => {
    const own = errors.filter(({ pointer }) => pointer === `/${name}` || pointer.startsWith(`/${name}/`))
    const faults = own.map(({ pointer, detail }) => {
      const index = /\d+$/.exec(pointer)?.[0]
      return `${index === undefined ? '' : `Argument ${Number(index) + 1}: `}${plainDetail(detail)}`
    })
    return (
      <div class="field">
        <label for={name}>{label}</label>
        <textarea
          class="input mono"
          id={name}
          rows={3}
          spellcheck={false}
          value={program[name]}
          placeholder={placeholder}
          aria-invalid={faults.length > 0}
          aria-describedby={`${ids}-${name}-fault`}
          onInput={(event) => onChange({ [name]: event.currentTarget.value })}
        />
        <span class="fault" id={`${ids}-${name}-fault`}>
          {faults.join(' ')}
        </span>
      </div>
    )
  }
  return (
    <>
      {text('stdin', 'Standard input', program.interactive ? 'Sent before the input you type' : 'None')}
      {text('args', 'Arguments, one per line')}
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

function LimitOptions({
  program,
  runtime,
  errors,
  onChange,
}: Pick<OptionsPaneProps, 'program' | 'runtime' | 'errors' | 'onChange'>) {
  const ids = useId()
  return (
    <>
      {OFFERED_LIMIT_NAMES.map((name) => {
        const { label, unit, factor } = OFFERED_LIMITS[name]
        const fault = limitFault(name, program.limits[name] ?? '', runtime, errors)
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
            <span class={fault === undefined ? 'hint' : 'fault'} id={`${ids}-${name}-hint`}>
              {fault ?? (most === undefined ? '' : `At most ${inUnit(name, most)}`)}
            </span>
          </div>
        )
      })}
    </>
  )
}
