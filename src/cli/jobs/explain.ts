import { type FieldError, RunyardError } from '../../client/client.ts'
import { didYouMean } from '../did-you-mean.ts'
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
  stdin: '--stdin',
  args: 'the arguments behind --',
}

/** What is wrong, and what to do about it. @param what was asked for: a file, a job's id, an artifact's path behind it, or `list` */
export function explain(error: unknown, { url, key }: Connection, what: string): unknown {
  if (!(error instanceof RunyardError)) return error
  const { code, detail, requestId } = error
  switch (code) {
    case 'unreachable':
      return new ExitError(
        EXIT.unavailable,
        `${detail}\nIs Runyard running there? Start one with: npx runyard up. Another one is named with --url or RUNYARD_URL.`,
      )
    case 'unauthenticated':
      return new ExitError(
        EXIT.refused,
        key !== undefined ? `${url} does not take this key: ${detail}` : keyNeeded(url),
      )
    case 'submission-blocked':
      return new ExitError(EXIT.refused, [`${what} was refused by screening:`, ...placesOf(error, what)].join('\n'))
    case 'insufficient-scope':
    case 'caller-blocked':
    case 'wrong-host':
    case 'cross-site':
      return new ExitError(EXIT.refused, detail)
    case 'invalid-request':
      return new ExitError(EXIT.usage, error.errors.length === 0 ? detail : error.errors.map(sentence).join('\n'))
    case 'not-found':
      return new ExitError(EXIT.usage, nothingThere(url, what))
    case 'internal-error':
      return new ExitError(EXIT.internal, `the service failed; its operator finds the cause under ${requestId ?? '?'}`)
    case 'too-large':
      return new ExitError(EXIT.usage, `${what}, with its files and input: ${detail}`)
    case 'unknown-language':
      return new ExitError(EXIT.usage, withNearest(detail.replace(/^\/language/, '--language')))
    default:
      return new ExitError(exitCodeFor(error), `${detail}${hint(error)}`)
  }
}

function nothingThere(url: string, what: string): string {
  // Its address alone has none of the routes below.
  const { pathname, origin } = new URL(url)
  if (pathname !== '/') return `there is no Runyard at ${url}; is it ${origin}?`
  const missing = what.includes(' ')
    ? 'there is no such file or job of yours'
    : 'there is no such job or batch of yours'
  return `${what}: ${missing} at ${url}, or its result has expired`
}

/** @param detail e.g. `--language is "pyton"; there are bash, c` */
function withNearest(detail: string): string {
  const [, asked = '', known = ''] = /is "([^"]*)"; there are (.*)$/.exec(detail) ?? []
  return `${detail}${didYouMean(asked, known.split(', '))}`
}

function keyNeeded(url: string): string {
  return [
    `${url} asks for a key. Put yours into a file and name that with --key-file, or into RUNYARD_KEY.`,
    'The operator makes one with: npx runyard keys create --name <for what> --tenant <whose>',
  ].join('\n')
}

function placesOf({ violations }: RunyardError, what: string): string[] {
  return violations.flatMap(({ pointer, line, column, reason, rule, excerpt }) => [
    `  ${pointer === '/code' ? what : pointer}:${line}:${column} ${reason} (${rule})`,
    `    ${excerpt.trim()}`,
  ])
}

function sentence({ pointer, detail }: FieldError): string {
  const [, field = '', ...rest] = pointer.split('/')
  // Which of several options it is, the detail tells by its value.
  return [OPTION_OF[field] ?? field, ...rest.filter((part) => !/^\d+$/.test(part)), detail].join(' ')
}

function exitCodeFor({ code, status }: RunyardError): number {
  if (status === 429 || code === 'queue-full') return EXIT.tooMany
  if (status === 0 || (status > 500 && status < 600)) return EXIT.unavailable
  return status === 500 ? EXIT.internal : status === 401 || status === 403 ? EXIT.refused : EXIT.usage
}

function hint({ retryAfterMs }: RunyardError): string {
  return retryAfterMs === null ? '' : `; try again in ${Math.ceil(retryAfterMs / 1000)} s`
}
