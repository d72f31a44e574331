import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { Command } from 'commander'
import { addKeyCommands } from '../../src/cli/keys.ts'
import { environmentFile } from '../../src/cli/import/import-command.ts'
import { JUDGE0_VARIABLES } from '../../src/cli/import/judge0.ts'
import { PISTON_VARIABLES } from '../../src/cli/import/piston.ts'
import { readVariables } from '../../src/cli/import/read-variables.ts'
import { translate } from '../../src/cli/import/translate.ts'
import { SETTINGS } from '../../src/shared/config/settings.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const root = packageRoot()
const of = (table: typeof JUDGE0_VARIABLES, values: Record<string, string>) =>
  translate(new Map(Object.entries(values)), table, root)

test('variables are read from files of the environment and from compose files', () => {
  const text = `# CPU_TIME_LIMIT=1
CPU_TIME_LIMIT=2.5
export COUNT = 4 # workers
MEMORY_LIMIT=
ALLOW_ORIGIN="a.example b.example"
    environment:
      - PISTON_RUN_TIMEOUT=5000
      - "PISTON_LOG_LEVEL=DEBUG"
      PISTON_DISABLE_NETWORKING: 'true'
`
  expect(Object.fromEntries(readVariables(text))).toEqual({
    CPU_TIME_LIMIT: '2.5',
    COUNT: '4',
    MEMORY_LIMIT: '',
    ALLOW_ORIGIN: 'a.example b.example',
    PISTON_RUN_TIMEOUT: '5000',
    PISTON_LOG_LEVEL: 'DEBUG',
    PISTON_DISABLE_NETWORKING: 'true',
  })
})

test('limits of Judge0 are taken over in their units, and defaults stay below their ceilings', () => {
  const { settings, notes } = of(JUDGE0_VARIABLES, {
    CPU_TIME_LIMIT: '2.5',
    MAX_CPU_TIME_LIMIT: '15',
    MAX_MEMORY_LIMIT: '256000',
    COUNT: '3',
  })
  expect(settings).toEqual({
    DEFAULT_CPU_MS: '2500',
    MAX_CPU_MS: '15000',
    MAX_MEMORY_BYTES: '262144000',
    DEFAULT_MEMORY_BYTES: '262144000',
    WORKER_CONCURRENCY: '3',
  })
  expect(notes).toContain('DEFAULT_MEMORY_BYTES is lowered to MAX_MEMORY_BYTES')
})

test('what has no counterpart is told with its reason, and no secret is shown', () => {
  const translation = of(JUDGE0_VARIABLES, {
    AUTHN_TOKEN: 'very-secret',
    POSTGRES_PASSWORD: 'very-secret',
    ENABLE_NETWORK: 'true',
    ENABLE_CALLBACKS: 'true',
    OTHER: 'very-secret',
  })
  expect(translation.settings).toEqual({ AUTH: 'required' })
  expect(translation.without.map(({ name }) => name)).toEqual(['POSTGRES_PASSWORD', 'ENABLE_NETWORK', 'OTHER'])
  expect(environmentFile('judge0', translation)).not.toContain('very-secret')
})

test('the environment of Piston is taken over', () => {
  const { settings, without } = of(PISTON_VARIABLES, {
    PISTON_RUN_TIMEOUT: '5000',
    PISTON_REQUEST_BODY_LIMIT: '10mb',
    PISTON_OUTPUT_MAX_SIZE: '65536',
    PISTON_RUN_MEMORY_LIMIT: '-1',
    PISTON_BIND_ADDRESS: '0.0.0.0:2000',
  })
  expect(settings).toMatchObject({
    MAX_WALL_MS: '5000',
    DEFAULT_WALL_MS: '5000',
    MAX_BODY_BYTES: '10485760',
    MAX_OUTPUT_BYTES: '131072',
    HOST: '0.0.0.0',
    PORT: '2000',
    AUTH: 'required',
  })
  expect(without.map(({ name }) => name)).toEqual(['PISTON_RUN_MEMORY_LIMIT'])
})

test('a value that the other system does not take, or Runyard does not, is refused by its name', () => {
  expect(() => of(JUDGE0_VARIABLES, { CPU_TIME_LIMIT: 'soon' })).toThrow(
    /^CPU_TIME_LIMIT is "soon"; it must be a number/,
  )
  expect(() => of(JUDGE0_VARIABLES, { COUNT: '5000' })).toThrow(/WORKER_CONCURRENCY/)
  expect(() => of(PISTON_VARIABLES, { PISTON_BIND_ADDRESS: '2000' })).toThrow(/PISTON_BIND_ADDRESS/)
})

test('an address that a shell would run is refused, and what it would split is quoted', () => {
  for (const value of ['$(id):2000', '`id`:2000', 'a b:2000', "':2000", ':2000'])
    expect(() => of(PISTON_VARIABLES, { PISTON_BIND_ADDRESS: value })).toThrow(/PISTON_BIND_ADDRESS/)
  expect(of(PISTON_VARIABLES, { PISTON_BIND_ADDRESS: '[::1]:2000' }).settings).toEqual({ HOST: '::1', PORT: '2000' })
  const printed = environmentFile('piston', {
    settings: { HOST: '::1', A: "$(id) 'x'", B: 'http://a,b' },
    notes: [],
    without: [],
  })
  expect(printed.split('\n').slice(1)).toEqual(['HOST=::1', "A='$(id) '\\''x'\\'''", 'B=http://a,b'])
})

test('an origin of everybody is answered with what to do', () => {
  const { settings, without } = of(JUDGE0_VARIABLES, { ALLOW_ORIGIN: '*' })
  expect(settings).toEqual({})
  expect(without).toEqual([{ name: 'ALLOW_ORIGIN', why: expect.stringContaining('list') }])
})

test('only settings that exist are printed', () => {
  const known = new Set(SETTINGS.map(({ name }) => name))
  for (const table of [JUDGE0_VARIABLES, PISTON_VARIABLES]) {
    for (const translated of Object.values(table)) {
      for (const value of ['1', '100', 'true', '10mb', '127.0.0.1:80', 'INFO']) {
        let found
        try {
          found = translated(value)
        } catch {
          continue
        }
        if ('settings' in found) for (const name of Object.keys(found.settings)) expect(known).toContain(name)
      }
    }
  }
})

test('every command for keys that a note names can be typed as it stands', () => {
  const folder = join(root, 'src/cli/import')
  const notes = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  const named = [...notes.join('\n').matchAll(/"npx runyard (keys [^"]+)"/g)].map(([, command = '']) => command)
  expect(named.length).toBeGreaterThan(2)
  for (const command of named) {
    const program = new Command()
    addKeyCommands(program, () => Promise.reject(new Error('nothing is run here')))
    const keys = program.commands.find((one) => one.name() === 'keys')
    const create = keys?.commands.find((one) => one.name() === 'create')
    if (!create) throw new Error('there is no command "keys create"')
    const given: unknown[] = []
    create
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .action((options: unknown) => void given.push(options))
    program.parse(command.split(' '), { from: 'user' })
    expect(given).toMatchObject([{ name: 'NAME', tenant: 'TENANT' }])
  }
})
