import Type, { type Static } from 'typebox'
import { MAX_GLOBS } from './artifact.ts'
import { Encoding } from './job.ts'
import {
  checkerOf,
  harnessOf,
  interactorOf,
  LanguageLimits,
  MAX_GROUPS,
  MAX_HARNESSES,
  MAX_LANGUAGES,
  MAX_PASSES,
  RequestGroup,
  testFields,
} from './judging/judging-request.ts'
import { LimitOverrides, MINUTE } from './limits.ts'
import { EndUser } from './security/end-user.ts'
import { TerminalSize } from './terminal-size.ts'
import { Webhook } from './webhook.ts'

const optional = Type.Optional
const text = (description: string) => Type.String({ description })
const encoded = (description: string) => Type.Enum(['utf-8', 'base64'], { description })
const words = (maxItems: number, description: string) => Type.Array(Type.String(), { maxItems, description })

export const MAX_DEPENDENCIES = 20
export const MAX_FILES = 100
export const MAX_TESTS = 100
/** In characters. */
export const MAX_TEST_NAME = 200
export const MAX_BATCH_JOBS = 100
export const MAX_DELAY_MS = 7 * 24 * 60 * MINUTE
/** Lowest first. */
export const PRIORITIES = ['low', 'normal', 'high'] as const

const path = Type.String({ minLength: 1, maxLength: 1024, description: "relative to the job's folder" })
const mode = optional(
  Type.String({
    pattern: '^0?[0-7]{3}$',
    description: 'permissions in octal, e.g. `0755`; when absent `0755` for content that begins with `#!`, else `0644`',
  }),
)

export const RequestFile = Type.Object(
  {
    path,
    content: optional(Type.String({ description: 'either this or `id`' })),
    encoding: optional(Encoding),
    id: optional(
      Type.String({
        pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
        description: 'of a file that you uploaded, in place of `content`',
      }),
    ),
    mode,
  },
  { additionalProperties: false },
)
export type RequestFile = Static<typeof RequestFile>

/** A file that has its content. */
export type InlineFile = Omit<RequestFile, 'id' | 'content'> & { content: string }

export const RequestTest = Type.Object(
  {
    name: optional(Type.String({ maxLength: MAX_TEST_NAME })),
    stdin: optional(text('standard input of this run; the job’s own when absent')),
    stdinEncoding: optional(encoded('of this `stdin`; the job’s own when absent')),
    args: optional(words(256, 'arguments of this run; the job’s own when absent')),
    expectedOutput: optional(text('expected standard output; white space at line ends is ignored')),
    ...testFields,
  },
  { additionalProperties: false },
)

export type RequestTest = Static<typeof RequestTest>

const common = {
  files: optional(Type.Array(RequestFile, { minItems: 1, maxItems: MAX_FILES })),
  stdin: optional(text('standard input')),
  stdinEncoding: optional(encoded('of `stdin`; `utf-8` when absent')),
  env: optional(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      propertyNames: { pattern: '^[^=\\u0000]{1,256}$', description: '1 to 256 characters other than "=" and NUL' },
      maxProperties: 128,
      description: 'environment variables, added to PATH, HOME, USER, LANG, TERM and TMPDIR',
    }),
  ),
  limits: optional(LimitOverrides),
  priority: optional(Type.Enum(PRIORITIES, { description: 'order among your own waiting jobs; `normal` when absent' })),
  delayMs: optional(Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS, description: 'the earliest start' })),
  webhook: optional(Webhook),
  artifacts: optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      minItems: 1,
      maxItems: MAX_GLOBS,
      description: "files to keep, as globs relative to the job's folder, e.g. `out/*.{png,jpg}`, `**/*.csv`",
    }),
  ),
  keepRequest: optional(
    Type.Boolean({
      description: 'store this request with the job, for GET /v1/jobs/:id/request',
    }),
  ),
  endUser: optional(EndUser),
  metadata: optional(Type.Record(Type.String(), Type.Unknown(), { description: 'yours; at most 4 KiB of JSON' })),
}

export const Checker = checkerOf(RequestFile, MAX_FILES)
export type Checker = Static<typeof Checker>
export const Interactor = interactorOf(RequestFile, MAX_FILES)
export type Interactor = Static<typeof Interactor>
export const Harness = harnessOf(RequestFile, MAX_FILES)
export type Harness = Static<typeof Harness>

/** The body of `POST /v1/jobs` and `POST /api/repl/execute`. */
export const CodeRequest = Type.Object(
  {
    language: Type.String({ minLength: 1, maxLength: 32, description: 'id or alias, see GET /v1/runtimes' }),
    version: optional(Type.String({ minLength: 1, maxLength: 64, description: 'a semver range, e.g. `3.x`' })),
    code: optional(text('the program; either this or `files`')),
    ...common,
    entrypoint: optional(Type.String({ minLength: 1, maxLength: 1024, description: 'the one of `files` to run' })),
    args: optional(words(256, 'arguments of the program')),
    compilerArgs: optional(words(64, 'arguments of the compiler, for compiled languages')),
    dependencies: optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 214 }), {
        maxItems: MAX_DEPENDENCIES,
        description: 'packages the program needs, e.g. `numpy>=2`',
      }),
    ),
    environment: optional(
      Type.String({
        pattern: '^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[a-z][a-z0-9+-]{0,31}/[a-z][a-z0-9-]{0,31})$',
        description:
          'id of an environment, or name of a set of packages, e.g. `python/data`; in place of `dependencies`',
      }),
    ),
    tests: optional(
      Type.Array(RequestTest, {
        minItems: 1,
        maxItems: MAX_TESTS,
        description: 'inputs to test with: compile once, run once for each',
      }),
    ),
    expectedOutput: optional(text('expected standard output; white space at line ends is ignored')),
    problem: optional(
      Type.String({
        pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
        description: 'id of a stored problem, which has the tests and says how they are judged',
      }),
    ),
    checker: optional(Checker),
    interactor: optional(Interactor),
    groups: optional(
      Type.Array(RequestGroup, { minItems: 1, maxItems: MAX_GROUPS, description: 'how tests are scored together' }),
    ),
    stopOnFailure: optional(Type.Boolean({ description: 'skip the other tests after one that is not accepted' })),
    secret: optional(Type.Boolean({ description: 'for tests that do not say it themselves' })),
    languages: optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 32 }), {
        minItems: 1,
        maxItems: MAX_LANGUAGES,
        description: 'those that the program may be in; others are refused. All when absent',
      }),
    ),
    languageLimits: optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 32 }), LanguageLimits, {
        description: 'by language: other limits than `limits`',
      }),
    ),
    harness: optional(
      Type.Array(Harness, {
        minItems: 1,
        maxItems: MAX_HARNESSES,
        description: 'by language: files that the program is compiled or run with',
      }),
    ),
    passes: optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_PASSES,
        description: 'runs for one test, at most: the checker or interactor asks for the next; 1 when absent',
      }),
    ),
    outputOnly: optional(
      Type.Boolean({ description: 'the submission is output, no program: `language` is `text`, a file for each test' }),
    ),
    interactive: optional(Type.Boolean({ description: 'keep standard input open for GET /v1/jobs/:id/io' })),
    terminal: optional(TerminalSize),
  },
  { additionalProperties: false },
)
export type CodeRequest = Static<typeof CodeRequest>

/** The body of `POST /api/containers/create`. */
export const ContainerRequest = Type.Object(
  {
    image: Type.String({ minLength: 1, maxLength: 255, description: 'an allowed image, or a language id' }),
    command: Type.Array(Type.String(), { minItems: 1, maxItems: 256, description: 'argument vector, no shell' }),
    ...common,
  },
  { additionalProperties: false },
)
export type ContainerRequest = Static<typeof ContainerRequest>
