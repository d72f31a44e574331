import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-npm-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Says that it runs, and how it was ended. */
const PROGRAM = `
setInterval(() => {}, 1000)
process.on('SIGTERM', () => { console.log('ended by SIGTERM'); process.exit() })
console.log('runs')
`

test('SIGTERM to `npm start` reaches what it started', async () => {
  const { scripts } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  await mkdir(join(folder, 'scripts'))
  await writeFile(join(folder, 'scripts/bootstrap.mjs'), PROGRAM)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'x', scripts: { start: scripts.start } }))
  // As its own group, so that the signal goes to npm alone.
  const npm = spawn('npm', ['start'], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!output.includes('runs') && (output + text).includes('runs')) npm.kill('SIGTERM')
    output += text
  })
  try {
    await eventually('all that it started has ended', () => npm.stdout.readableEnded)
  } finally {
    try {
      process.kill(-Number(npm.pid), 'SIGKILL')
    } catch {
      // As it is to be: nothing of it is left.
    }
  }
  expect(output).toContain('ended by SIGTERM')
})
