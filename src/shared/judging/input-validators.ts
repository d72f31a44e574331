import type { JobSummary, Status } from '../job.ts'
import { type CodeRequest, MAX_TESTS } from '../requests.ts'
import { isDocument, programOf } from './example-submissions.ts'
import type { Protocol } from './judging-spec.ts'
import type { InputValidator, Problem, Programs } from './problem.ts'

/** With what a validator ends that accepts an input. */
const ACCEPTS: Record<Protocol, number> = { kattis: 42, testlib: 0 }
const FOLDERS = ['input_validators', 'input_format_validators']

/**
 * The input validators of a Kattis package or a plain folder: each file, or each folder with all its files. Those in languages that are not known
 * here, and those that a script builds or runs, are left out: they have no part in judging.
 * @param argsOf by the name of a validator, without its extension, and the place of a test
 */
export function inputValidators(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  tests: NonNullable<Problem['tests']>,
  argsOf: (name: string, test: number) => string[] = () => [],
): Programs<InputValidator> {
  const leftOut: string[] = []
  const members = new Map<string, string[]>()
  for (const path of [...files.keys()].sort()) {
    const [folder = '', name = ''] = path.split('/')
    if (!FOLDERS.includes(folder) || name === '') continue
    const base = `${folder}/${name}`
    members.set(base, [...(members.get(base) ?? []), path])
  }
  const found = [...members].flatMap(([base, paths]): InputValidator[] => {
    const within = (path: string) => (path === base ? path.slice(path.indexOf('/') + 1) : path.slice(base.length + 1))
    const isScripted = paths.some((path) => /\/(?:build|run)$/.test(path))
    if (paths.every(isDocument)) return []
    const program = isScripted ? undefined : programOf(files, paths, within, languageOf, () => undefined)
    if (!program) {
      leftOut.push(base)
      return []
    }
    const name = base.slice(base.indexOf('/') + 1)
    const args = tests.map((_, test) => argsOf(name.replace(/\.\w+$/, ''), test))
    return [{ name: base, protocol: 'kattis', args, ...program }]
  })
  return { found, leftOut }
}

/** Jobs that run a validator on the inputs of a problem: as many as their tests need. */
export function validationRequests(
  { language, files, entrypoint, args }: InputValidator,
  { tests = [] }: Pick<Problem, 'tests'>,
): CodeRequest[] {
  const inputs = tests.map(({ name, stdin = '', stdinEncoding }, index) => ({
    name: name ?? String(index + 1),
    stdin,
    ...(stdinEncoding !== undefined && { stdinEncoding }),
    ...((args[index]?.length ?? 0) > 0 && { args: args[index] as string[] }),
  }))
  const count = Math.ceil(inputs.length / MAX_TESTS)
  return Array.from({ length: count }, (_, part) => ({
    language,
    files,
    entrypoint,
    tests: inputs.slice(part * MAX_TESTS, (part + 1) * MAX_TESTS),
    priority: 'low' as const,
  }))
}

/** With these a job did not come to run its program on every input. */
const NOT_RUN: readonly (Status | null)[] = [null, 'cancelled', 'internal-error', 'environment-failed']

/**
 * The inputs that a validator did not accept.
 * @param inputs how many the problem has
 * @param jobs of `validationRequests`, in their order; undefined of one that is gone
 * @returns names of tests; undefined when the validator did not run on every input
 */
export function refusedInputs(
  { protocol }: Pick<InputValidator, 'protocol'>,
  inputs: number,
  jobs: readonly (
    | { status: Status | null; stages: readonly Pick<JobSummary['stages'][number], 'test' | 'exitCode'>[] }
    | undefined
  )[],
): string[] | undefined {
  const refused: string[] = []
  for (let first = 0; first < inputs; first += MAX_TESTS) {
    const job = jobs[first / MAX_TESTS]
    const ran = job && !NOT_RUN.includes(job.status) ? job.stages.filter(({ test }) => test) : []
    if (ran.length < Math.min(MAX_TESTS, inputs - first)) return undefined
    for (const { test, exitCode } of ran) {
      if (exitCode !== ACCEPTS[protocol]) refused.push(test?.name ?? String((test?.index ?? 0) + 1))
    }
  }
  return refused
}
