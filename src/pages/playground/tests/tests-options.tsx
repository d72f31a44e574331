import { useId } from 'preact/hooks'
import type { Runtime } from '../../../client/client.ts'
import type { FieldError } from '../../../shared/problems.ts'
import { plainDetail } from '../../design/plain-detail.ts'
import { CHECKERS, type OwnChecker, type OwnTest, type OwnTests, PROTOCOLS } from './own-tests.ts'

/** Tests of one's own: an input, the output that is expected, and how the two are compared. */
export function TestsOptions({
  tests: { tests, checker, own },
  runtimes,
  errors,
  onChange,
}: {
  tests: OwnTests
  runtimes: readonly Runtime[]
  /** What was refused of what stands in the fields. */
  errors: readonly FieldError[]
  onChange: (changes: Partial<OwnTests>) => void
}) {
  const ids = useId()
  const change = (index: number, changes: Partial<OwnTest>) =>
    onChange({ tests: tests.map((test, place) => (place === index ? { ...test, ...changes } : test)) })
  const text = (index: number, name: keyof OwnTest, label: string) => (
    <div class="field">
      <label for={`${ids}-${name}-${index}`}>{label}</label>
      <textarea
        class="input mono"
        id={`${ids}-${name}-${index}`}
        rows={2}
        spellcheck={false}
        value={tests[index]?.[name] ?? ''}
        onInput={(event) => change(index, { [name]: event.currentTarget.value })}
      />
    </div>
  )
  return (
    <>
      {tests.map((_, index) => (
        <fieldset class="own-test whole" key={index}>
          <legend class="label">Test {index + 1}</legend>
          {text(index, 'input', `Input of test ${index + 1}`)}
          {text(index, 'expected', `Expected output of test ${index + 1}`)}
          <button
            type="button"
            class="button quiet"
            onClick={() => onChange({ tests: tests.filter((_one, place) => place !== index) })}
          >
            Remove<span class="unseen"> test {index + 1}</span>
          </button>
        </fieldset>
      ))}
      <div class="whole test-actions">
        <button
          type="button"
          class="button"
          onClick={() => onChange({ tests: [...tests, { input: '', expected: '' }] })}
        >
          Add a test
        </button>
        {tests.length > 0 && (
          <div class="field">
            <label for={`${ids}-checker`}>Comparison</label>
            <select
              class="select"
              id={`${ids}-checker`}
              value={checker}
              onChange={(event) => onChange({ checker: event.currentTarget.value as OwnTests['checker'] })}
            >
              {Object.entries(CHECKERS).map(([type, words]) => (
                <option key={type} value={type}>
                  {words}
                </option>
              ))}
            </select>
          </div>
        )}
      </div>
      {tests.length > 0 && checker === 'program' && (
        <CheckerOptions
          checker={own}
          runtimes={runtimes}
          errors={errors}
          onChange={(changes) => onChange({ own: { ...own, ...changes } })}
        />
      )}
      {tests.length === 0 && (
        <p class="faint whole">
          With tests, the program runs once for each, and its output is compared with what you expect.
        </p>
      )}
    </>
  )
}

/** A checker that is a program. */
function CheckerOptions({
  checker: { language, code, protocol, more },
  runtimes,
  errors,
  onChange,
}: {
  checker: OwnChecker
  runtimes: readonly Runtime[]
  errors: readonly FieldError[]
  onChange: (changes: Partial<OwnChecker>) => void
}) {
  const ids = useId()
  const installed = runtimes.filter((one) => one.installed || one.language === language)
  const fault = errors
    .filter(({ pointer }) => pointer.startsWith('/checker/'))
    .map(({ detail }) => plainDetail(detail))
    .join(' ')
  return (
    <fieldset class="own-checker whole">
      <legend class="unseen">Checker</legend>
      <div class="field">
        <label for={`${ids}-language`}>Language of the checker</label>
        <select
          class="select"
          id={`${ids}-language`}
          value={language}
          onChange={(event) => onChange({ language: event.currentTarget.value })}
        >
          {installed.map((one) => (
            <option key={one.language} value={one.language}>
              {one.name}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for={`${ids}-protocol`}>How it answers</label>
        <select
          class="select"
          id={`${ids}-protocol`}
          value={protocol}
          onChange={(event) => onChange({ protocol: event.currentTarget.value as OwnChecker['protocol'] })}
        >
          {Object.entries(PROTOCOLS).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </div>
      <div class="field whole">
        {more?.files === undefined ? (
          <>
            <label for={`${ids}-code`}>Checker</label>
            <textarea
              class="input mono"
              id={`${ids}-code`}
              rows={8}
              spellcheck={false}
              autocapitalize="off"
              value={code}
              aria-invalid={fault !== ''}
              aria-describedby={`${ids}-fault`}
              onInput={(event) => onChange({ code: event.currentTarget.value })}
            />
          </>
        ) : (
          <p class="faint">The checker is made of the {more.files.length} files of the job that was opened.</p>
        )}
        <span class="fault" id={`${ids}-fault`}>
          {fault}
        </span>
      </div>
    </fieldset>
  )
}
