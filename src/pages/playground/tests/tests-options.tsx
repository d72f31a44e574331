import { useId } from 'preact/hooks'
import { CHECKERS, type OwnTest, type OwnTests } from './own-tests.ts'

/** Tests of one's own: an input, the output that is expected, and how the two are compared. */
export function TestsOptions({
  tests: { tests, checker },
  onChange,
}: {
  tests: OwnTests
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
            <label for={`${ids}-checker`}>Compare</label>
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
      {tests.length === 0 && (
        <p class="faint whole">
          With tests, the program runs once for each, and its output is compared with what you expect.
        </p>
      )}
    </>
  )
}
