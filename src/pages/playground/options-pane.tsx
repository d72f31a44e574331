import { useId } from 'preact/hooks'
import type { Runtime } from '../../client/client.ts'
import type { FieldError } from '../../shared/problems.ts'
import { packageKindOf } from '../client/package-kinds.ts'
import { plainDetail } from '../design/plain-detail.ts'
import { inUnit, limitFault, type OptionsTab } from './limit-fault.ts'
import { TestsOptions } from './tests/tests-options.tsx'
import { OFFERED_LIMIT_NAMES, OFFERED_LIMITS, type Program } from './program.ts'

export interface OptionsPaneProps {
  program: Program
  runtime: Runtime | undefined
  runtimes: readonly Runtime[]
  /** What was refused of what stands in the fields. */
  errors: readonly FieldError[]
  /** Why the packages that stand in their field cannot be had. */
  packagesFault: string | undefined
  tab: OptionsTab
  onTab: (tab: OptionsTab) => void
  onChange: (changes: Partial<Program>) => void
}

/** Input and options. */
export function OptionsPane(props: OptionsPaneProps) {
  const { program, runtime, errors, onTab, onChange } = props
  // Another language may have no packages.
  const tab = props.tab === 'packages' && !runtime?.installsPackages ? 'input' : props.tab
  const ids = useId()
  const hasLimits = Object.values(program.limits).some((text) => text !== '')
  const tabs: [OptionsTab, string, boolean][] = [
    ['input', 'Input', program.stdin !== '' || program.args !== ''],
    ['tests', 'Tests', program.tests.length > 0],
    ...(runtime?.installsPackages
      ? [
          ['packages', 'Packages', program.packages.trim() !== '' || program.environment !== ''] satisfies [
            OptionsTab,
            string,
            boolean,
          ],
        ]
      : []),
    ['limits', 'Limits', hasLimits],
  ]
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    const step = event.key === 'ArrowLeft' ? -1 : 1
    const [other] = tabs.at((tabs.findIndex(([name]) => name === tab) + step) % tabs.length) ?? []
    if (other === undefined) return
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
        ) : tab === 'tests' ? (
          <TestsOptions tests={program} runtimes={props.runtimes} errors={errors} onChange={onChange} />
        ) : tab === 'packages' ? (
          <PackageOptions {...props} />
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

function PackageOptions({ program, runtime, errors, packagesFault, onChange }: OptionsPaneProps) {
  const ids = useId()
  const faults = errors
    .filter(({ pointer }) => pointer.startsWith('/dependencies'))
    .map(({ pointer, detail }) => {
      const index = /\d+$/.exec(pointer)?.[0]
      return `${index === undefined ? '' : `Package ${Number(index) + 1}: `}${plainDetail(detail)}`
    })
  const fault = [...faults, ...(packagesFault === undefined ? [] : [packagesFault])].join(' ')
  return (
    <div class="field whole">
      <label for="packages">Packages, one per line</label>
      <textarea
        class="input mono"
        id="packages"
        rows={3}
        spellcheck={false}
        autocapitalize="off"
        value={program.packages}
        placeholder={packageKindOf(runtime?.language ?? 'python').example}
        aria-invalid={fault !== ''}
        aria-describedby={`${ids}-hint`}
        onInput={(event) => onChange({ packages: event.currentTarget.value })}
      />
      <span class={fault === '' ? 'hint' : 'fault'} id={`${ids}-hint`}>
        {fault ||
          (program.environment !== '' && program.packages.trim() === ''
            ? `The job has the packages of the environment ${program.environment}; what is named here takes their place.`
            : 'Installed before the program runs; the next run with the same packages starts at once.')}
      </span>
    </div>
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
