import { type FieldError, RunyardError } from '../../client/client.ts'
import { didYouMean } from '../../shared/did-you-mean.ts'
import type { Connection } from './connection.ts'
import { EXIT, ExitError } from '../exit.ts'

const OPTION_OF: Record<string, string> = {
  limits: '--limit',
  env: '--env',
  files: '--file',
  compilerArgs: '--compiler-arg',
  dependencies: '--dependency',
  artifacts: '--artifact',
  version: '--language-version',
  language: '--language',
  endUser: '--end-user',
  stdin: '--stdin',
  args: 'the arguments after --',
}

/** Why something that goes on did not work, in a few words. */
export const reasonOf = (error: unknown): string => (error instanceof RunyardError ? error.detail : String(error))

/**
 * What is wrong, and what to do about it.
 * @param what was asked for: a file, a job's id, an artifact's path behind it, `session` with its id, or `list`
 * @param names of the jobs of a batch, in their order
 * @param choices by what this command lets another service be chosen
 */
export function explain(
  error: unknown,
  { url, key, sources }: Pick<Connection, 'url' | 'key' | 'sources'>,
  what: string,
  names: readonly string[] = [],
  choices = 'runyard login, --url or RUNYARD_URL',
): unknown {
  if (!(error instanceof RunyardError)) return error
  const { code, detail, requestId } = error
  switch (code) {
    case 'unreachable':
      return new ExitError(
        EXIT.unavailable,
        [
          `${detail} (address: ${sources.url})`,
          `Is Runyard running there? To start one here: npx runyard up. To use another one: ${choices}.`,
        ].join('\n'),
      )
    case 'unauthenticated':
      return new ExitError(
        EXIT.refused,
        key !== undefined ? `${url} rejected this key (from: ${sources.key ?? '?'}): ${detail}` : keyNeeded(url),
      )
    case 'submission-blocked':
      return new ExitError(
        EXIT.refused,
        [`${what} was refused by the screening policy of the service:`, ...placesOf(error, what, names)].join('\n'),
      )
    case 'insufficient-scope':
    case 'caller-blocked':
    case 'wrong-host':
    case 'cross-site':
      return new ExitError(EXIT.refused, detail)
    case 'invalid-request':
      return new ExitError(
        EXIT.usage,
        error.errors.length === 0 ? detail : error.errors.map((one) => sentence(one, names)).join('\n'),
      )
    case 'not-found':
      return new ExitError(EXIT.usage, nothingThere(url, what, detail))
    case 'internal-error':
      return new ExitError(
        EXIT.internal,
        `the service failed; the log of its operator has the cause under the request id ${requestId ?? '?'}`,
      )
    case 'too-large':
      return new ExitError(EXIT.usage, `${what}, with its files and input: ${detail}`)
    case 'unknown-language':
      return new ExitError(EXIT.usage, withNearest(detail.replace(/^\/language/, '--language')))
    default:
      return new ExitError(exitCodeFor(error), `${detail}${hint(error)}`)
  }
}

function nothingThere(url: string, what: string, detail: string): string {
  // Its address alone has none of the routes below.
  const { pathname, origin } = new URL(url)
  if (pathname !== '/') return `no Runyard answers at ${url}; did you mean ${origin}?`
  if (what.startsWith('file ')) return `${what}: you have no such file at ${url}, or it has expired`
  // What of it is not there the service says: the session, or a context or a file in it.
  if (what === 'session' || what.startsWith('session ')) return `${what}: ${detail}`
  if (what.startsWith('problem ')) return `${what}: you have no such problem at ${url}`
  const missing = what.includes(' ') ? 'you have no such file or job' : 'you have no such job or batch'
  return `${what}: ${missing} at ${url}, or its result has expired`
}

/** @param detail e.g. `--language is "pyton"; known languages: bash, c` */
function withNearest(detail: string): string {
  const [, asked = '', known = ''] = /is "([^"]*)"; known languages: (.*)$/.exec(detail) ?? []
  return `${detail}${didYouMean(asked, known.split(', '))}`
}

function keyNeeded(url: string): string {
  return [
    `${url} needs a key. Store yours with runyard login, pass its file with --key-file, or set RUNYARD_KEY.`,
    'An operator creates one with: npx runyard keys create --name <for what> --tenant <whose>',
  ].join('\n')
}

function placesOf({ violations }: RunyardError, what: string, names: readonly string[]): string[] {
  return violations.flatMap(({ pointer, line, column, reason, rule, excerpt }) => {
    const { of, rest } = jobOf(pointer, names)
    // The program itself, or the first of its files, which is the program too.
    const place = rest === '/code' || rest.startsWith('/files/0/') ? (of ?? what) : `${of ?? ''}${rest}`
    return [`  ${place}:${line}:${column} ${reason} (${rule})`, `    ${excerpt.trim()}`]
  })
}

function sentence({ pointer, detail }: FieldError, names: readonly string[]): string {
  const { of, rest: path } = jobOf(pointer, names)
  const [, field = '', ...rest] = path.split('/')
  // Which of several options it is, the detail tells by its value.
  const words = [OPTION_OF[field] ?? field, ...rest.filter((part) => !/^\d+$/.test(part)), detail].join(' ')
  return of === undefined ? words : `${of}: ${words}`
}

/** Of a pointer into a batch, which of its jobs it is about, and the rest. */
function jobOf(pointer: string, names: readonly string[]): { of: string | undefined; rest: string } {
  const [, index, rest = ''] = /^\/jobs\/(\d+)(\/.*)?$/.exec(pointer) ?? []
  return index === undefined
    ? { of: undefined, rest: pointer }
    : { of: names[Number(index)] ?? `job ${Number(index) + 1}`, rest }
}

/** Packages cannot be had, whether that is known at once or when they are installed. */
const PACKAGE_FAULTS = new Set([
  'package-not-allowed',
  'package-unknown',
  'package-too-new',
  'package-needs-build',
  'environment-too-large',
  'environment-failed',
])

function exitCodeFor({ code, status }: RunyardError): number {
  if (PACKAGE_FAULTS.has(code)) return EXIT.packages
  if (status === 429 || code === 'queue-full') return EXIT.tooMany
  if (status === 0 || (status > 500 && status < 600)) return EXIT.unavailable
  return status === 500 ? EXIT.internal : status === 401 || status === 403 ? EXIT.refused : EXIT.usage
}

function hint({ retryAfterMs }: RunyardError): string {
  return retryAfterMs === null ? '' : `; try again in ${Math.ceil(retryAfterMs / 1000)} s`
}
