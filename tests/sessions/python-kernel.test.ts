import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

/** Prints what the kernel of Python makes of this, where jupyter_client and IPython do as they do. */
const PROGRAM = `
import base64, json, sys, types
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
sys.modules['jupyter_client'] = types.ModuleType('jupyter_client')
jsonutil = sys.modules['jupyter_client.jsonutil'] = types.ModuleType('jupyter_client.jsonutil')
jsonutil.json_default = str
import runyard_ipykernel as kernel

def pack(part):
    return json.dumps(part, default=str, ensure_ascii=False, allow_nan=False).encode('utf8', 'surrogateescape')

said = []
pack_message = kernel.pack_all(pack)
for part in json.load(sys.stdin):
    said.append(base64.b64encode(pack_message(part)).decode())

def is_async(code):
    compile(code, '<>', 'exec')
    return True

should_run_async = kernel.should_run(is_async)
print(json.dumps([said, [should_run_async(code) for code in ('1', '"\\ud800"')]]))
`

test('what the kernel of Python says with lone surrogates can be sent, and code with one is run to tell of it', () => {
  const parts = [
    { text: 'é \u{1f600}' },
    { text: 'a\udfff\ud800"b', '\udbff': 1 },
    // A name that is no UTF-8, and the same beside what is no byte.
    { text: 'n\udcff' },
    { text: '\udcc3\udca9\ud800' },
    { text: '\ud800'.repeat(100) },
  ]
  const folder = join(packageRoot(), 'languages/python/kernel')
  const [said, isAsync] = JSON.parse(
    execFileSync('python3', ['-c', PROGRAM, folder], { input: JSON.stringify(parts), encoding: 'utf8' }),
  ) as [string[], boolean[]]
  const texts = said.map((one) => JSON.parse(Buffer.from(one, 'base64').toString()) as object)
  expect(texts).toEqual([
    { text: 'é \u{1f600}' },
    { text: 'a\\udfff\\ud800"b', '\\udbff': 1 },
    { text: 'n\ufffd' },
    { text: 'é\\ud800' },
    { text: '\\ud800'.repeat(100) },
  ])
  expect(isAsync).toEqual([true, false])
})
