import type { CodeRequest } from '../../shared/requests.ts'
import type { Limits } from '../../shared/limits.ts'
import { checkerOf, ownCheckerOf, type OwnTests, testsOf } from './tests/own-tests.ts'

/** What the person has put together: a program and how it is to be run. */
export interface Program extends OwnTests {
  language: string
  code: string
  /** Files beside the code, of a job that was opened by its link. */
  otherFiles: NonNullable<CodeRequest['files']>
  stdin: string
  /** Arguments, one per line. */
  args: string
  /** Limits as they were typed; empty ones are the defaults. */
  limits: LimitTexts
  interactive: boolean
  /** Packages to be installed, one per line. */
  packages: string
  /** An environment, by id or name: that of a job that was opened by its link, or a set that is installed. In use while no packages are named. */
  environment: string
}

/** Limits that the page offers, in the units that people use. */
export const OFFERED_LIMITS = {
  wallMs: { label: 'Time', unit: 's', factor: 1000 },
  cpuMs: { label: 'CPU time', unit: 's', factor: 1000 },
  memoryBytes: { label: 'Memory', unit: 'MiB', factor: 1024 * 1024 },
  fileBytes: { label: 'Files', unit: 'MiB', factor: 1024 * 1024 },
  processes: { label: 'Processes', unit: '', factor: 1 },
  outputBytes: { label: 'Output', unit: 'KiB', factor: 1024 },
} as const satisfies Partial<Record<keyof Limits, { label: string; unit: string; factor: number }>>
export type OfferedLimit = keyof typeof OFFERED_LIMITS
export const OFFERED_LIMIT_NAMES = Object.keys(OFFERED_LIMITS) as OfferedLimit[]
export type LimitTexts = Partial<Record<OfferedLimit, string>>

/** A body for `POST /v1/jobs`. The request is kept, so that a link to the job shows the program too. */
export function requestOf(program: Program, fileName: string): CodeRequest {
  const { language, code, otherFiles, stdin } = program
  const isTested = program.tests.length > 0
  const interactive = program.interactive && !isTested
  const source =
    otherFiles.length === 0
      ? { code }
      : { files: [{ path: fileName, content: code }, ...otherFiles], entrypoint: fileName }
  const args = argumentsOf(program.args)
  const limits = limitsOf(program.limits)
  const dependencies = packagesOf(program.packages)
  return {
    language,
    ...source,
    ...(stdin !== '' && !isTested && { stdin }),
    ...(args.length > 0 && { args }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(interactive && { interactive }),
    ...(dependencies.length > 0
      ? { dependencies }
      : program.environment !== '' && { environment: program.environment }),
    ...(isTested && testsOf(program)),
    keepRequest: true,
  }
}

/** The program of a request that was kept. @param fileName the language's own */
export function programOf(request: CodeRequest, fileName: string): Program {
  const { files = [], entrypoint = fileName } = request
  const main = files.find(({ path }) => path === entrypoint) ?? files[0]
  const limits: LimitTexts = {}
  for (const name of OFFERED_LIMIT_NAMES) {
    const asked = request.limits?.[name]
    if (asked !== undefined) limits[name] = String(asked / OFFERED_LIMITS[name].factor)
  }
  return {
    language: request.language,
    code: request.code ?? main?.content ?? '',
    otherFiles: files.filter((file) => file !== main),
    stdin: request.stdin ?? '',
    args: (request.args ?? []).join('\n'),
    limits,
    interactive: request.interactive ?? false,
    packages: (request.dependencies ?? []).join('\n'),
    environment: request.environment ?? '',
    tests: (request.tests ?? []).map(({ stdin = '', expectedOutput, answer }) => ({
      input: stdin,
      expected: expectedOutput ?? answer ?? '',
    })),
    checker: checkerOf(request.checker?.type),
    own: ownCheckerOf(request.checker),
  }
}

const argumentsOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

const packagesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

/** What is no number is sent as it is, for the API to say what is wrong with it. */
function limitsOf(texts: LimitTexts): NonNullable<CodeRequest['limits']> {
  return Object.fromEntries(
    OFFERED_LIMIT_NAMES.flatMap((name) => {
      const text = texts[name]?.trim() ?? ''
      if (text === '') return []
      const value = Number(text.replace(',', '.')) * OFFERED_LIMITS[name].factor
      return [[name, Number.isNaN(value) ? text : Math.round(value)]]
    }),
  )
}
