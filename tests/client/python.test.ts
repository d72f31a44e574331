import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
import { buildWheel, installWheel } from '../support/python-package.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'runyard-python-'))

let platform: TestPlatform | undefined
let wheel: string
let python: string
beforeAll(async () => {
  const install = async () => {
    wheel = await buildWheel(folder)
    python = await installWheel(folder, wheel)
  }
  const start = async () => {
    platform = await startPlatform({ WEBHOOK_ALLOW: '127.0.0.1' })
  }
  // Both come to their end, so that what was started is closed when the other failed.
  const ends = await Promise.allSettled([install(), start()])
  for (const end of ends) if (end.status === 'rejected') throw end.reason
})
afterAll(async () => {
  await platform?.close()
  rmSync(folder, { recursive: true })
})

const env = () => ({
  PATH: process.env['PATH'],
  RUNYARD_URL: platform?.url,
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONUTF8: '1',
})

test('the wheel has the package, its types and no dependency', async () => {
  const list = 'import sys, zipfile; print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))'
  const { stdout } = await run(python, ['-c', list, wheel])
  const names = stdout.trim().split('\n')
  expect(names).toEqual(expect.arrayContaining(['runyard/__init__.py', 'runyard/types.py', 'runyard/py.typed']))
  expect(names.filter((name) => !/^runyard(-[\d.]+\.dist-info)?\//.test(name))).toEqual([])
  const metadata =
    'from importlib.metadata import requires, version; import runyard; print(requires("runyard"), version("runyard") == runyard.__version__, runyard.__file__)'
  const told = await run(python, ['-c', metadata], { cwd: folder })
  expect(told.stdout).toMatch(/^(?:None|\[\]) True .*\/venv\/lib\/.*\/runyard\/__init__\.py\n$/)
})

test('its tests pass against a real service, none left out', async () => {
  const cwd = join(packageRoot(), 'clients/python')
  const args = ['-W', 'error', '-m', 'unittest', 'discover', '-v', '-s', 'tests', '-t', '.']
  const { stderr } = await run(python, args, { cwd, env: env(), maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: Error & { stderr?: string }) => ({ stderr: error.stderr ?? error.message }),
  )
  expect(stderr).toMatch(/\nRan \d{3} tests in [\d.]+s\n\nOK\n$/)
  expect(stderr).not.toMatch(/Warning|Exception ignored/)
})

test('a program of the version with one file works as it did', async () => {
  const program = `
import os, runyard
client = runyard.Client(os.environ["RUNYARD_URL"], None, 2, lambda error, seconds: None)
job = client.run(language="python", code="print(6 * 7)", timeout=60, idempotency_key="one")
print(job["status"], job["stages"][0]["stdout"].strip())
job = client.wait(client.submit(language="bash", code="echo a > f", artifacts=["f"])["id"], 60)
print([event["type"] for event in client.stream(job["id"], after=None)][-1], client.artifact(job["id"], "f"))
print(next(client.list(status="succeeded", language="bash"))["id"] == job["id"])
batch = client.batch(({"language": "bash", "code": f"exit {n}"} for n in range(2)), "two")
print(client.wait_batch(batch["id"], 60)["counts"]["finished"], client.get_batch(batch["id"])["id"] == batch["id"])
print(client.cancel(job["id"])["state"], client.cancel_batch(batch["id"])["counts"]["cancelled"], client.url[:7])
try:
    client.run(language="nosuch", code="")
except runyard.RunyardError as error:
    print(error.status, error.code, [field["pointer"] for field in error.errors], error.violations, error.retry_after, error.request_id is not None)
`
  const { stdout, stderr } = await run(python, ['-W', 'error', '-c', program], { cwd: folder, env: env() })
  expect(stderr).toBe('')
  expect(stdout).toBe(
    "succeeded 42\nresult b'a\\n'\nTrue\n2 True\nfinished 0 http://\n422 unknown-language ['/language'] [] None True\n",
  )
})

test('a program that is interrupted ends at once, and its job goes on', async () => {
  const program = `
import os, signal, sys, threading, time
from runyard import Client
client = Client(os.environ["RUNYARD_URL"])
threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
began = time.monotonic()
try:
    client.run(language="bash", code="sleep 8; echo survived", idempotency_key="interrupted")
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - began < 7)
job = client.run(language="bash", code="sleep 8; echo survived", idempotency_key="interrupted")
print(job["status"], job["stages"][0]["stdout"].strip(), job["attempt"])
`
  const { stdout } = await run(python, ['-W', 'error', '-c', program], { cwd: folder, env: env() })
  expect(stdout).toBe('interrupted True\nsucceeded survived 1\n')
})

test('the agent of the guide answers by code that it runs in a session', async () => {
  const guide = readFileSync(join(packageRoot(), 'docs/guides/sessions.md'), 'utf8')
  const program = /```python\n("""agent\.py[\s\S]*?)```/.exec(guide)?.[1] ?? ''
  writeFileSync(join(folder, 'agent.py'), program)
  writeFileSync(join(folder, 'data.csv'), '1\n2\n')
  const call = (name: string, args: object) => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c', type: 'function', function: { name, arguments: JSON.stringify(args) } }],
  })
  /** What a model says, one after the other, given what it was told last. */
  const steps = [
    () => call('run_python', { code: 'rows = open("data.csv").read().split()' }),
    () => call('run_python', { code: 'print(len(rows)); sum(map(int, rows))' }),
    () => call('run_shell', { command: 'cat data.csv; exit 3' }),
    () => call('run_nothing', {}),
    (told: string[]) => ({ role: 'assistant', content: told.join('|') }),
  ]
  const model = createServer((request, response) => {
    void text(request).then((body) => {
      const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] }
      const told = messages.flatMap(({ role, content }) => (role === 'tool' ? [content] : []))
      response.end(JSON.stringify({ choices: [{ message: steps[told.length]?.(told) }] }))
    })
  }).listen(0, '127.0.0.1')
  await once(model, 'listening')
  const { port } = model.address() as AddressInfo
  const settings = { ...env(), MODEL_URL: `http://127.0.0.1:${port}`, MODEL_NAME: 'any' }
  const { stdout } = await run(python, ['agent.py', 'What is the sum?', 'data.csv'], { cwd: folder, env: settings })
  model.close()
  expect(stdout).toBe('[succeeded]|2\n\n3\n[succeeded]|1\n2\n\n[failed, exit code 3]|there is no tool run_nothing\n')
})
