import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

/** Loads the kernel's module, with as much of jupyter_client as it asks for. */
const LOADED = `
import base64, json, signal, sys, types
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
sys.modules['jupyter_client'] = types.ModuleType('jupyter_client')
jsonutil = sys.modules['jupyter_client.jsonutil'] = types.ModuleType('jupyter_client.jsonutil')
jsonutil.json_default = str

def clean(value):
    if isinstance(value, dict):
        return {name: clean(one) for name, one in value.items()}
    return repr(value) if isinstance(value, float) and value != value else value

jsonutil.json_clean = clean
import runyard_ipykernel as kernel
`

/** Prints what the kernel of Python makes of this, where jupyter_client and IPython do as they do. */
const SURROGATES = `${LOADED}
def pack(part):
    try:
        text = json.dumps(part, default=str, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(clean(part), default=str, ensure_ascii=False, allow_nan=False)
    return text.encode('utf8', 'surrogateescape')

said = []
pack_message = kernel.pack_all(pack)
for part in [*json.load(sys.stdin), {'x': float('nan')}, {'x': float('nan'), 'text': '\\ud800'}]:
    said.append(base64.b64encode(pack_message(part)).decode())

def is_async(code):
    compile(code, '<>', 'exec')
    return True

should_run_async = kernel.should_run(is_async)
print(json.dumps([said, [should_run_async(code) for code in ('1', '"\\ud800"')]]))
`

const FOLDER = join(packageRoot(), 'languages/python/kernel')

test('what the kernel of Python says with lone surrogates can be sent, NaN beside them too, and code with one is run to tell of it', () => {
  const parts = [
    { text: 'é \u{1f600}' },
    { text: 'a\udfff\ud800"b', '\udbff': 1 },
    // A name that is no UTF-8, and the same beside what is no byte.
    { text: 'n\udcff' },
    { text: '\udcc3\udca9\ud800' },
    { text: '\ud800'.repeat(100) },
  ]
  const [said, isAsync] = JSON.parse(
    execFileSync('python3', ['-c', SURROGATES, FOLDER], { input: JSON.stringify(parts), encoding: 'utf8' }),
  ) as [string[], boolean[]]
  const texts = said.map((one) => JSON.parse(Buffer.from(one, 'base64').toString()) as object)
  expect(texts).toEqual([
    { text: 'é \u{1f600}' },
    { text: 'a\\udfff\\ud800"b', '\\udbff': 1 },
    { text: 'n\ufffd' },
    { text: 'é\\ud800' },
    { text: '\\ud800'.repeat(100) },
    { x: 'nan' },
    { x: 'nan', text: '\\ud800' },
  ])
  expect(isAsync).toEqual([true, false])
})

/** Interrupts itself again while it shows that it was interrupted; then while it shows another error, and after all of it. */
const INTERRUPTED = `${LOADED}
shown = []

def show():
    signal.raise_signal(signal.SIGINT)
    shown.append(type(sys.exc_info()[1]).__name__)

showtraceback = kernel.show_interrupt(show)
signal.signal(signal.SIGINT, signal.default_int_handler)
for error in (KeyboardInterrupt, ValueError):
    try:
        raise error
    except BaseException:
        try:
            showtraceback()
        except KeyboardInterrupt:
            shown.append('interrupted')
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    shown.append('after')
print(json.dumps(shown))
`

test('that code was interrupted is shown whole, whatever interrupts come on top', () => {
  const shown = execFileSync('python3', ['-c', INTERRUPTED, FOLDER], { encoding: 'utf8' })
  expect(JSON.parse(shown)).toEqual(['KeyboardInterrupt', 'interrupted', 'after'])
})
