import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../../src/shared/package-root.ts'
import { type CallRecord, callOf } from './calls.ts'
import { type Installation, startInstallation, UNLIMITED } from '../../support/installation.ts'

/** Where clients of other systems are installed and tried, as package indexes have them. */
export interface Trial {
  /** Of the packages. Python's are in a virtual environment in it. */
  folder: string
  /** The interpreter of that environment. */
  python: string
  /** Of the programs that use the clients. */
  clients: string
  /** Installs packages, each pinned. */
  install: (ofPython: readonly string[], ofNode: readonly string[]) => Promise<void>
  /** The same for packages that are bundles: without those that they were made of. */
  unpack: (ofNode: readonly string[]) => Promise<void>
  /** Runs a command that has to succeed, and shows what it writes. */
  hold: (title: string, command: readonly string[], env?: Record<string, string>) => Promise<void>
  /** The same for what runs in this process. @param calls what it has shown of a client then, by whether each works */
  holdHere: (title: string, check: () => Promise<void>, calls?: readonly CallRecord[]) => Promise<void>
  /** Runs a gateway and a worker meanwhile. */
  withInstallation: (
    env: Record<string, string>,
    use: (installation: Installation, url: string) => Promise<void>,
  ) => Promise<void>
}

/** @returns what did not work, by title, and what the clients told of their calls */
export async function runTrial(
  use: (trial: Trial) => Promise<void>,
): Promise<{ failed: string[]; calls: CallRecord[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-compat-'))
  const python = join(folder, 'venv/bin/python')
  const failed: string[] = []
  const calls: CallRecord[] = []
  const fail = (title: string, why: string) => {
    failed.push(title)
    console.log(`failed: ${title}: ${why}`)
  }
  const own = {
    PYTHONDONTWRITEBYTECODE: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    JUPYTER_CONFIG_DIR: folder,
    JUPYTER_DATA_DIR: folder,
    JUPYTER_RUNTIME_DIR: folder,
  }

  const hold: Trial['hold'] = async (title, [command = '', ...args], env = {}) => {
    console.log(`> ${title}`)
    // Not waited for in place: what stands before the gateway runs in this process.
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...own, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const told: CallRecord[] = []
    createInterface(child.stdout).on('line', (line) => {
      const call = callOf(line, command === python ? 'PyPI' : 'npm')
      if (call) told.push(call)
      console.log(call ? `  ${call.client} ${call.version}: ${call.call}: ${call.how}` : line)
    })
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    calls.push(...told)
    if (signal !== null) fail(title, `ended by ${signal}, pid ${child.pid}`)
    else if (status !== 0) fail(title, `exit code ${status}`)
  }
  try {
    writeFileSync(join(folder, 'package.json'), '{"private": true}')
    await hold('a virtual environment', ['python3', '-m', 'venv', join(folder, 'venv')])
    await use({
      folder,
      python,
      clients: join(packageRoot(), 'tests/compat/clients'),
      hold,
      async install(ofPython, ofNode) {
        if (ofPython.length > 0)
          await hold(ofPython.join(', '), [python, '-m', 'pip', 'install', '--quiet', ...ofPython])
        if (ofNode.length > 0)
          await hold(ofNode.join(', '), ['npm', 'install', '--silent', '--no-fund', '--no-audit', ...ofNode])
      },
      async unpack(ofNode) {
        for (const spec of ofNode) {
          const name = spec.slice(0, spec.lastIndexOf('@'))
          const target = join(folder, 'node_modules', name)
          mkdirSync(target, { recursive: true })
          const file = `${name.replace('@', '').replace('/', '-')}-${spec.slice(name.length + 1)}.tgz`
          await hold(spec, ['npm', 'pack', '--silent', spec])
          await hold(file, ['tar', '-xzf', file, '-C', target, '--strip-components=1'])
        }
      },
      async holdHere(title, check, shown = []) {
        console.log(`> ${title}`)
        await check().then(
          () => calls.push(...shown),
          (error: unknown) => fail(title, String(error instanceof Error ? error.stack : error)),
        )
      },
      async withInstallation(env, run) {
        const installation = await startInstallation({
          name: 'compat',
          workers: 1,
          gateways: 1,
          env: { ...UNLIMITED, ...env },
        })
        try {
          await run(installation, installation.urls[0] ?? '')
        } finally {
          if ((await installation.close()) > 0) fail('containers', 'some were left')
        }
      },
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
  return { failed, calls }
}
