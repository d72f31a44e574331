import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { packageRoot } from '../../../src/shared/package-root.ts'
import { LEAST_OPEN_FILES } from '../../../src/shared/limits.ts'
import type { ProgramRow } from '../../programs/rows/row.ts'
import type { Attempt } from './try-session.ts'

/** How programs of the table run in a session: as a line of `sh`, and by the kernel of their language. */
const WAYS: Readonly<Record<string, { language: string; name: string; command: string; execution?: string }>> = {
  '.py': {
    language: 'python',
    name: 'main.py',
    command: 'python3 {path} {args}',
    execution:
      'import sys\nsys.argv = {list}\nexec(compile(open({path}, "rb").read(), {path}, "exec"), {"__name__": "__main__", "__file__": {path}})',
  },
  '.js': {
    language: 'javascript',
    name: 'main.js',
    command: 'node {path} {args}',
    execution: 'require("/job/" + {path})',
  },
  '.sh': { language: 'bash', name: 'main.sh', command: 'bash {path} {args}', execution: 'set -- {args}; . ./{path}' },
  '.c': {
    language: 'c',
    name: 'main.c',
    command: 'gcc -std=gnu17 -O2 -Wall -o a.out {compilerArgs} {path} -lm && exec ./a.out {args}',
  },
}
/** As the table of jobs has it. */
const WALL_MS = 8000
const COMPILE_MS = 20_000
const SESSION_LIMITS = ['memoryBytes', 'processes', 'outputBytes', 'fileBytes', 'openFiles', 'stackBytes']

/** What the table needs of the platform. */
export interface Surroundings {
  /** Ports of the host that answer. */
  ports: string[]
  /** Names, addresses and paths that a program must not find. */
  secrets: string[]
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')

/** @returns undefined when the row has no such way */
export function attemptOfRow(
  row: ProgramRow,
  way: Attempt['way'],
  { ports, secrets }: Surroundings,
): Attempt | undefined {
  const known = WAYS[extname(row.program)]
  const template = known?.[way]
  if (!known || template === undefined) return undefined
  const path = row.path ?? known.name
  const args = [...(row.args ?? []), ...(row.hostPorts ? ports : [])]
  const values: Record<string, string> = {
    path: way === 'execution' && known.language !== 'bash' ? JSON.stringify(path) : quoted([path]),
    args: quoted(args),
    list: JSON.stringify([path, ...args]),
    compilerArgs: quoted(row.compilerArgs ?? []),
  }
  const { wallMs = WALL_MS, ...limits } = row.limits ?? {}
  const own = (Object.entries(limits) as [string, number][])
    .filter(([name]) => SESSION_LIMITS.includes(name))
    // Fewer are refused.
    .map(([name, value]) => [name, name === 'openFiles' ? Math.max(value, LEAST_OPEN_FILES) : value] as const)
  const stdin = row.secretsAsInput ? secrets.join('\n') : row.stdin
  const content = readFileSync(join(packageRoot(), 'tests/programs', row.program), 'utf8')
  return {
    language: known.language,
    way,
    files: [{ path, content }, ...(row.files ?? [])],
    code: template.replaceAll(/\{(path|args|list|compilerArgs)\}/g, (_all, name: string) => values[name] ?? ''),
    timeoutMs: known.language === 'c' ? wallMs + COMPILE_MS : wallMs,
    ...(row.env && { env: row.env }),
    ...(own.length > 0 && { limits: Object.fromEntries(own) }),
    ...(stdin !== undefined && { stdin }),
  }
}

/**
 * Whether what a program found is held against what it finds as a job: where it looks for what lies outside of its cell. What is otherwise in a
 * session stands in `OTHERWISE`.
 */
export const HELD_TO_TEXT: readonly string[] = ['kernel surface', 'secrets', 'reach']

/** Titles of rows whose text is another in a session, and why. */
export const OTHERWISE: Readonly<Record<string, string>> = {
  'no file of /proc and /sys can be written to':
    'the shell of the command is a process of the session too, with the same output',
  'a program sees process 1 and itself': 'it sees the agent and the shell of the command as well',
}
