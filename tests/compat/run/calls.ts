import { join } from 'node:path'
import { packageRoot } from '../../../src/shared/package-root.ts'

/** A call of a client, and what the run showed of it. */
export interface CallRecord {
  client: string
  version: string
  /** The package index of the client. */
  index: 'PyPI' | 'npm'
  call: string
  /** `works`: as at the system that the client is made for. `differs`: with another outcome. `cannot`: refused, with the client's own error. */
  how: 'works' | 'differs' | 'cannot'
  /** Why it differs, or cannot be. */
  note: string
}

/** What the last run showed, by client. */
export interface CallTable {
  /** The day of the run. */
  at: string
  calls: CallRecord[]
}

export const TABLE_FILE = join(packageRoot(), 'docs/compatibility/clients.json')
export const TABLE_PAGE = join(packageRoot(), 'docs/compatibility/clients.md')

/** The system that each client is made for, in the order of the page. */
export const SYSTEM_OF: Readonly<Record<string, string>> = {
  '@e2b/code-interpreter': 'E2B',
  'e2b-code-interpreter': 'E2B',
  e2b: 'E2B',
  smolagents: 'E2B',
  '@jupyterlab/services': 'Jupyter',
  jupyterlab: 'Jupyter',
  'jupyter-server': 'Jupyter',
  nbclient: 'Jupyter',
  'jupyter-kernel-client': 'Jupyter',
  thebe: 'Jupyter',
  'jupyter-client': 'Jupyter',
  aiohttp: 'Jupyter',
  websockets: 'Jupyter',
  judge0: 'Judge0',
  'piston-client': 'Piston',
  'piston-api-client': 'Piston',
  aiopyston: 'Piston',
  'ultra-piston': 'Piston',
  'sandbox-fusion': 'SandboxFusion',
  '@antonz/codapi': 'codapi',
}

const MARK = '@call '

/** @returns what a program told of a call; undefined for any other line of its output */
export function callOf(line: string, index: CallRecord['index']): CallRecord | undefined {
  if (!line.startsWith(MARK)) return undefined
  return { ...(JSON.parse(line.slice(MARK.length)) as Omit<CallRecord, 'index'>), index }
}

/** What is held in this process, of a package that is pinned as its index has it: `name==1.0` or `name@1.0`. */
export function worked(pinned: string | undefined, ...calls: string[]): CallRecord[] {
  const [, client = '', by, version = ''] = /^(.+?)(==|@)(\d.*)$/.exec(pinned ?? '') ?? []
  return calls.map((call) => ({ client, version, index: by === '==' ? 'PyPI' : 'npm', call, how: 'works', note: '' }))
}

const clientOf = ({ client, index }: CallRecord) => `${index} ${client}`

/** A table with what a run told in place of what it said of the same clients before. Calls told in several ways are one. */
export function withCalls(before: CallTable | undefined, told: readonly CallRecord[], at: string): CallTable {
  const ran = new Set(told.map(clientOf))
  const kept = (before?.calls ?? []).filter((one) => !ran.has(clientOf(one)))
  const single = new Map(told.map((one) => [`${clientOf(one)} ${one.call}`, one]))
  return { at, calls: [...kept, ...single.values()] }
}

/** The page of a table, in Markdown. */
export function pageOf({ at, calls }: CallTable): string {
  const systems = [...new Set(Object.values(SYSTEM_OF))]
  const sections = systems.map((system) => {
    const own = Object.keys(SYSTEM_OF).filter((client) => SYSTEM_OF[client] === system)
    const clients = own.flatMap((client) =>
      (['npm', 'PyPI'] as const).map((index) => calls.filter((one) => one.client === client && one.index === index)),
    )
    const rows = clients.flatMap((of) =>
      of.map(
        ({ client, version, index, call, how, note }, row) =>
          `| ${row === 0 ? `\`${client}\` ${version} (${index})` : ''} | ${call} | ${how} | ${note} |`,
      ),
    )
    return [`## ${system}`, '', '| client | call | how | note |', '| --- | --- | --- | --- |', ...rows, ''].join('\n')
  })
  return [
    '# Clients by call',
    '',
    '<!-- Written by `npm run test:compat -- --document`. Do not edit. -->',
    '',
    `What unmodified clients did when \`npm run test:compat\` ran them last, on ${at}: each call here was made, and its outcome checked.`,
    'A call that is not here was not part of that run; it may be supported all the same: see the page of its system.',
    '`works` means the outcome that the client expects of its own system, `differs` another one, `cannot` a refusal by an error that the client knows.',
    '',
    ...sections,
  ].join('\n')
}
