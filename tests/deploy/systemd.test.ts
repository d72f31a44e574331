import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { serviceCommand } from '../../src/host/service-command.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { SETTINGS } from '../../src/shared/config/settings.ts'
import { blocksOf } from '../support/doc-blocks.ts'
import { environmentOf, readUnits } from './units.ts'

const root = packageRoot()
const folder = join(root, 'deploy/systemd')
const scratch = mkdtempSync(join(tmpdir(), 'runyard-units-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const settings = new Set(SETTINGS.map(({ name }) => name))
/** Not ours: what podman and Node go by. */
const OTHERS = new Set(['HOME'])
/** Units that the distribution brings. */
const FOREIGN = new Set(['network-online.target', 'redis-server.service', 'multi-user.target', 'default.target'])

describe.each(['system', 'user'])('units of the %s', (kind) => {
  const units = readUnits(join(folder, kind))
  const unit = (name: string) => {
    const found = units.find((one) => one.name === name)
    if (found === undefined) throw new Error(`no ${name}`)
    return found
  }
  const services = units.filter(({ name }) => name.endsWith('.service'))

  test('every setting they name exists', () => {
    const named = services.flatMap((one) => [...environmentOf(one).keys()])
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !settings.has(name) && !OTHERS.has(name))).toEqual([])
  })

  test('what they set is accepted', () => {
    for (const one of services) {
      const environment = Object.fromEntries(
        [...environmentOf(one)].map(([name, value]) => [
          name,
          value.replaceAll('%t', '/run/user/1000').replaceAll('%h', '/home/ann'),
        ]),
      )
      expect(() => loadConfig(root, environment)).not.toThrow()
    }
  })

  test('every unit they name is there, as a file or as an instance', () => {
    const named = units.flatMap((one) =>
      ['Unit.Wants', 'Unit.After', 'Unit.Requires', 'Unit.PartOf', 'Install.WantedBy'].flatMap((key) =>
        one.values(key).flatMap((line) => line.split(' ')),
      ),
    )
    const there = new Set(units.map(({ name }) => name))
    expect(named.filter((name) => !FOREIGN.has(name) && !there.has(name.replace(/@.+\./, '@.')))).toEqual([])
  })

  test('the gateway and the worker are started as npm start does it, so that SIGTERM reaches them', () => {
    for (const [file, name] of [
      ['runyard-api.service', 'api'],
      ['runyard-worker@.service', 'worker'],
    ] as const) {
      const command = unit(file).values('Service.ExecStart')[0]?.split(' ').slice(1)
      expect(command).toEqual(serviceCommand('', name).slice(1))
    }
  })

  test('all stand in one folder', () => {
    const own = services.filter(({ name }) => name !== 'runyard-redis.service')
    expect(new Set(own.flatMap((one) => one.values('Service.WorkingDirectory'))).size).toBe(1)
    expect(own.every((one) => one.values('Service.WorkingDirectory').length === 1)).toBe(true)
  })

  test('the worker finds the socket that the engine makes, and may use it', () => {
    const engine = unit('runyard-engine.service').values('Service.ExecStart')[0] ?? ''
    const [, socketFolder = ''] = /--folder (\S+)/.exec(engine) ?? []
    const worker = unit('runyard-worker@.service')
    expect(environmentOf(worker).get('PODMAN_SOCKET')).toBe(`${socketFolder}/podman.sock`)
    expect(socketFolder.replace(/^(?:\/run|%t)\//, '')).toBe(
      unit('runyard-engine.service').values('Service.RuntimeDirectory')[0],
    )
    const [, group] = /--group (\S+)/.exec(engine) ?? []
    expect(worker.values('Service.SupplementaryGroups')).toEqual(group === undefined ? [] : [group])
    if (group !== undefined) {
      expect(readFileSync(join(folder, 'sysusers.d/runyard.conf'), 'utf8')).toContain(`\ng ${group} -`)
    }
  })

  test('a stop of the target waits for all of its services: they are ordered behind it', () => {
    for (const one of services) {
      expect([one.name, one.values('Unit.After').join(' ').split(' ')]).toEqual([
        one.name,
        expect.arrayContaining(['runyard.target']),
      ])
    }
  })

  test('a worker has its drain time and 20 s more before systemd ends it', () => {
    const drainMs = Number(SETTINGS.find(({ name }) => name === 'DRAIN_TIMEOUT_MS')?.default)
    const seconds = Number(unit('runyard-worker@.service').values('Service.TimeoutStopSec')[0])
    expect(seconds * 1000).toBeGreaterThanOrEqual(drainMs + 20_000)
  })

  test('systemd-analyze verify has nothing to say of them', () => {
    const copy = copies(kind)
    const names = readdirSync(copy).map((name) => join(copy, name.replace('@.', '@1.')))
    const scope = kind === 'user' ? ['--user'] : []
    const { status, stderr } = analyze(['verify', ...scope, '--man=no', ...names])
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })
})

test('the worker of a machine may make sockets for its sandboxes, in a folder that is its own', () => {
  const worker = readUnits(join(folder, 'system')).find(({ name }) => name === 'runyard-worker@.service')
  expect(worker?.values('Service.RuntimeDirectory')).toEqual(['runyard-worker-%i'])
  expect(worker?.values('Service.RuntimeDirectoryMode')).toEqual(['0700'])
  expect(worker && environmentOf(worker).get('RUNYARD_DATA_DIR')).toBe('/run/runyard-worker-%i')
})

/** Commands that need a systemd that is init, or the network. */
const STAND_INS =
  'systemctl() { :; }; npm() { :; }; sudo() { "$@"; }; systemd-sysusers() { command systemd-sysusers --root="$ROOT"; }'

test.each(['For a machine', 'For a user'])('the commands below "%s" put every unit where it is looked for', (title) => {
  const block = blocksOf('docs/systemd.md').find((one) => one.title === title)
  const machine = mkdtempSync(join(scratch, 'machine-'))
  // As on a new machine, where /etc/sysusers.d is not.
  mkdirSync(join(machine, 'etc'))
  const commands = (block?.code ?? '')
    .replaceAll(/^cd .*$/gm, '')
    .replaceAll(/(?<=[ =])\/etc\//g, '"$ROOT"/etc/')
    .replaceAll(/(?<=[ =])~\//g, '"$HOME"/')
  const env = { ...process.env, ROOT: machine, HOME: join(machine, 'home') }
  execFileSync('bash', ['-c', `set -e; ${STAND_INS}\n${commands}`], { cwd: root, env })
  const kind = title === 'For a user' ? 'user' : 'system'
  const units = join(machine, kind === 'user' ? 'home/.config/systemd/user' : 'etc/systemd/system')
  expect(readdirSync(units).toSorted()).toEqual(readdirSync(join(folder, kind)).toSorted())
  if (kind === 'user') return
  expect(readFileSync(join(machine, 'etc/group'), 'utf8')).toMatch(/^runyard-podman:/m)
  expect(readFileSync(join(machine, 'etc/runyard/runyard.env'), 'utf8')).toContain('REDIS_URL=')
})

test('the settings of the example are settings', () => {
  const text = readFileSync(join(folder, 'runyard.env'), 'utf8')
  const named = [...text.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = '']) => name)
  expect(named).toContain('REDIS_URL')
  expect(named.filter((name) => !settings.has(name))).toEqual([])
})

test.each([
  ['runyard-api.service', 15],
  ['runyard-worker@.service', 20],
])('systemd rates what %s leaves open at %i of 100 or less', (name, most) => {
  const file = join(folder, 'system', name)
  const { status, stderr } = analyze(['security', '--offline=true', `--threshold=${most}`, '--no-pager', file])
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

/** The units as they would be on a machine whose Node is this one, and which has Redis's unit. */
function copies(kind: string): string {
  const folderOfKind = join(scratch, kind)
  cpSync(join(folder, kind), folderOfKind, { recursive: true })
  for (const name of readdirSync(folderOfKind)) {
    const file = join(folderOfKind, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('/usr/bin/node', process.execPath))
  }
  return folderOfKind
}

function analyze(args: string[]): { status: number | null; stderr: string } {
  expect(hasAnalyze ? '' : 'systemd-analyze is missing: apt-get install --no-install-recommends systemd').toBe('')
  const env = { ...process.env, XDG_RUNTIME_DIR: scratch }
  const { status, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8', env })
  return { status, stderr }
}

const hasAnalyze = (() => {
  try {
    execFileSync('systemd-analyze', ['--version'])
    return true
  } catch {
    return false
  }
})()
