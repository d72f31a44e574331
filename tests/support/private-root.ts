import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'

/**
 * A copy of the package in a folder of its own, compiled, with Bash and languages that only this copy has: a test can install those and
 * remove them, and no image that others use is touched.
 * @param ids of languages, each of which is Bash under another name
 * @param steps further ones of their Containerfiles
 */
export function makePrivateRoot(
  ids: readonly string[],
  steps: Readonly<Record<string, string>> = {},
): { root: string; remove: () => void } {
  const source = packageRoot()
  const root = mkdtempSync(join(tmpdir(), 'runyard-root-'))
  for (const folder of [
    'dist',
    'sandbox',
    'screening',
    'languages/bash',
    'languages/kernel-bridge.py',
    'package.json',
  ]) {
    cpSync(join(source, folder), join(root, folder), { recursive: true, preserveTimestamps: true })
  }
  symlinkSync(join(source, 'node_modules'), join(root, 'node_modules'))
  for (const id of ids) {
    const folder = join(root, 'languages', id)
    mkdirSync(folder)
    const language = {
      id,
      name: `Test ${id}`,
      aliases: [],
      versionCommand: ['bash', '--version'],
      fileName: 'main.sh',
      run: { argv: ['bash', '{entrypoint}'] },
      env: {},
      limits: {},
      hello: { code: 'echo "Hello, world!"', stdout: 'Hello, world!\n' },
      default: false,
      judge0Ids: [],
      pistonNames: [],
    }
    writeFileSync(join(folder, 'language.json'), JSON.stringify(language))
    writeFileSync(
      join(folder, 'Containerfile'),
      `ARG BASE\nFROM \${BASE}\nRUN echo ${id} > /etc/runyard-test\n${steps[id] ?? ''}\n`,
    )
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}
