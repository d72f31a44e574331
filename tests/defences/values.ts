import { type Defence, type Edit, edit } from './defence.ts'

const FAULTS = 'src/api/http/json-faults.ts'
const SOURCE = 'src/api/jobs/request/source-of-request.ts'
const BODY = 'src/api/http/body.ts'
const BODY_TEST = 'tests/api/http/body.test.ts'
const CHECK = 'src/api/jobs/request/check-request.ts'
const SIZES = 'src/api/jobs/request/check-sizes.ts'
const PACKAGES_ASKED = 'src/api/jobs/request/packages-asked.ts'
const LIMITS = 'src/shared/limits.ts'
const REQUESTS = 'src/shared/requests.ts'
const REFUSALS_TEST = 'tests/api/refusals.test.ts'
const VALIDATE_TEST = 'tests/api/http/validate.test.ts'
const FAULTS_TEST = 'tests/api/http/json-faults.test.ts'
const MESSAGE_TEST = 'tests/api/jobs/socket/read-message.test.ts'
const STREAMS_TEST = 'tests/api/open-streams.test.ts'

/** A row whose test is a line of the table of requests that are refused. */
const refused = (threat: string, without: string, name: string, edits: readonly Edit[]): Defence => ({
  threat,
  without,
  edits,
  test: REFUSALS_TEST,
  name: `what, where and what is allowed: ${name}`,
})

const LIMIT = 'Type.Integer({ minimum: LIMIT_MINIMA[name], maximum: Number.MAX_SAFE_INTEGER, description })'
/** What the schema says of a limit, and the ceiling behind it. */
const limitWithout = (schema: string): Edit[] => [
  ...edit(LIMITS, LIMIT, schema),
  ...edit(
    LIMITS,
    'return value !== undefined && value > ceilings[name] ?',
    'return value !== undefined && ceilings[name] === 0 ?',
  ),
]

const numbers: Defence[] = [
  refused('0', 'the least that a limit may be', 'a limit of 0', edit(LIMITS, 'minimum: LIMIT_MINIMA[name], ', '')),
  refused(
    'negative',
    'the least that a limit may be',
    'a negative limit',
    edit(LIMITS, 'minimum: LIMIT_MINIMA[name], ', ''),
  ),
  refused(
    'negative',
    'the least that a delay may be',
    'a negative delay',
    edit(REQUESTS, 'Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS,', 'Type.Integer({ maximum: MAX_DELAY_MS,'),
  ),
  refused(
    'NaN',
    'that only JSON is parsed',
    'NaN',
    edit(BODY, 'return JSON.parse(text)', 'return JSON.parse(text.replaceAll(/NaN|Infinity/g, "1000"))'),
  ),
  refused(
    'Infinity',
    'that only JSON is parsed',
    'Infinity',
    edit(BODY, 'return JSON.parse(text)', 'return JSON.parse(text.replaceAll(/NaN|Infinity/g, "1000"))'),
  ),
  refused('1e309', 'schema and ceiling of limits', '1e309', limitWithout('Type.Any({ description })')),
  refused('2^53', 'schema and ceiling of limits', 'a limit of 2^53', limitWithout('Type.Any({ description })')),
  refused(
    '2^53',
    'the most that a delay may be',
    'a delay of 2^53',
    edit(REQUESTS, 'minimum: 0, maximum: MAX_DELAY_MS,', 'minimum: 0,'),
  ),
  refused(
    'a part of a whole',
    'that limits are whole numbers',
    'half a millisecond',
    edit(LIMITS, LIMIT, 'Type.Number({ minimum: 0, description })'),
  ),
  refused(
    'strings for numbers',
    'the schema of limits',
    'a limit that is a string',
    edit(LIMITS, LIMIT, 'Type.Any({ description })'),
  ),
  refused(
    'truth values for numbers',
    'the schema of limits',
    'a limit that is a truth value',
    edit(LIMITS, LIMIT, 'Type.Any({ description })'),
  ),
  refused(
    'numbers for strings',
    'the schema of variables',
    'a variable that is a number',
    edit(REQUESTS, "additionalProperties: { type: 'string' },", 'additionalProperties: {},'),
  ),
  refused(
    'numbers that are kept as others',
    'the look at their digits',
    'an integer beyond 2^53',
    edit(FAULTS, 'if (detail !== undefined) faults.push({ pointer: pointerTo(levels), detail })', ''),
  ),
  refused(
    'half of a character',
    'the look for it',
    'half of a character in the code',
    edit(FAULTS, 'if (HALF_ESCAPED.test(raw) && HALF.test(decoded(raw)))', 'if (raw.length < 0)'),
  ),
  refused(
    'above what is allowed',
    'the ceilings',
    'a limit above the ceiling',
    edit(
      LIMITS,
      'return value !== undefined && value > ceilings[name] ?',
      'return value !== undefined && ceilings[name] === 0 ?',
    ),
  ),
  refused(
    'above what is allowed',
    'that files have half of the memory',
    'files beyond half of the memory',
    edit(CHECK, 'if (asked.fileBytes !== undefined && asked.fileBytes > most) {', 'if (asked.fileBytes === -1) {'),
  ),
  {
    threat: 'numbers in a query',
    without: 'the form of a time to wait',
    edits: edit('src/api/jobs/read-job.ts', "{ pattern: '^[0-9]{1,9}$',", '{'),
    test: REFUSALS_TEST,
    name: '?wait=-1',
  },
  {
    threat: 'numbers in a query',
    without: 'the form of a number of jobs',
    edits: edit('src/api/jobs/list-jobs.ts', "{ pattern: '^([1-9][0-9]?|100)$',", '{'),
    test: REFUSALS_TEST,
    name: '/v1/jobs?limit=Infinity',
  },
]

const names: Defence[] = [
  refused(
    'unknown fields',
    'that a request has no others',
    'an unknown field',
    edit(
      REQUESTS,
      '  { additionalProperties: false },\n)\nexport type CodeRequest',
      '  { additionalProperties: true },\n)\nexport type CodeRequest',
    ),
  ),
  refused(
    'unknown fields',
    'that limits have no others',
    'an unknown limit',
    edit(
      LIMITS,
      'Type.Partial(Limits, { additionalProperties: false })',
      'Type.Partial(Limits, { additionalProperties: true })',
    ),
  ),
  {
    threat: 'unknown fields',
    without: 'that each one is told of by itself',
    edits: edit(
      'src/api/http/field-errors.ts',
      "case 'boolean':\n      return [",
      "case 'boolean':\n      return instancePath !== '' ? [] : [",
    ),
    test: VALIDATE_TEST,
    name: '65 unknown fields are told of',
  },
  {
    threat: 'unknown fields',
    without: 'the bound of the list of mistakes',
    edits: edit('src/api/http/problems.ts', 'errors: errors.slice(0, MAX_ERRORS)', 'errors'),
    test: VALIDATE_TEST,
    name: 'is answered with a bounded list of them',
  },
  {
    threat: 'unknown fields',
    without: 'that a query has no others',
    edits: edit('src/api/jobs/list-jobs.ts', '{ additionalProperties: false }', '{ additionalProperties: true }'),
    test: REFUSALS_TEST,
    name: '/v1/jobs?colour=red',
  },
  refused(
    'duplicate keys',
    'the look for names that stand twice',
    'a field twice',
    edit(FAULTS, 'if (level.names.has(name)) faults.push', 'if (name.length < 0) faults.push'),
  ),
  refused(
    'duplicate keys',
    'the look for names that stand twice',
    'a limit twice',
    edit(FAULTS, 'if (level.names.has(name)) faults.push', 'if (name.length < 0) faults.push'),
  ),
  {
    threat: 'duplicate keys',
    without: 'that escapes in names are read',
    edits: edit(FAULTS, "const name = raw.includes('\\\\') ? decoded(raw) : raw", 'const name = raw'),
    test: FAULTS_TEST,
    name: 'a name that stands twice is found',
  },
  refused(
    '__proto__',
    'the look for it',
    '__proto__ as a variable',
    edit(FAULTS, "if (name === '__proto__')", 'if (name.length < 0)'),
  ),
  refused(
    'deep nesting (10,000 levels)',
    'the most that may be nested',
    'ten thousand levels of nesting',
    edit(FAULTS, 'if (levels.length === MAX_DEPTH) {', 'if (levels.length < 0) {'),
  ),
  {
    threat: 'objects and lists without end',
    without: 'the most members of one',
    edits: edit(FAULTS, 'if (level && ++level.commas === MAX_MEMBERS) {', 'if (level && level.commas > 0) {'),
    test: FAULTS_TEST,
    name: 'more members than any object or list',
  },
  {
    threat: 'names without end',
    without: 'the longest name',
    edits: edit(FAULTS, 'if (name.length > MAX_NAME_LENGTH) {', 'if (name.length < 0) {'),
    test: FAULTS_TEST,
    name: 'a name that is longer',
  },
]

const sizes: Defence[] = [
  refused(
    '1 MiB + 1 byte of code',
    'the most code',
    '1 MiB and 1 byte of code',
    edit(SIZES, 'most: maxCodeBytes }', 'most: Infinity }'),
  ),
  refused(
    '1 MiB + 1 byte of code',
    'that bytes are counted, not characters',
    '1 MiB and 1 byte in two-byte characters',
    edit(
      SIZES,
      "if (encoding === 'utf-8') return Buffer.byteLength(value)",
      "if (encoding === 'utf-8') return value.length",
    ),
  ),
  refused(
    '21 dependencies',
    'the most dependencies',
    '21 dependencies',
    edit(REQUESTS, '        maxItems: MAX_DEPENDENCIES,\n', ''),
  ),
  refused(
    'dependencies that are not there',
    'the look at what the image has',
    'a dependency the image has not',
    edit(PACKAGES_ASKED, 'if (present.includes(name)) return []', 'if (name !== present[0]) return []'),
  ),
  refused('a body over 2 MiB', 'the most bytes of a body', 'a body over 2 MiB', [
    ...edit(BODY, 'limit: maxBytes,', 'limit: Infinity,'),
    ...edit(BODY, 'if (announced > maxBytes) {', 'if (announced < 0) {'),
    ...edit(SIZES, 'const MAX_TEXT_BYTES = MIB', 'const MAX_TEXT_BYTES = Infinity'),
  ]),
  {
    threat: 'a gzip bomb',
    without: 'that bytes are counted after decompression',
    edits: edit(BODY, 'limit: maxBytes,', 'limit: Infinity,'),
    test: BODY_TEST,
    name: 'too long when unpacked',
  },
  refused(
    'more input than is allowed',
    'the most bytes of input',
    'more input than is allowed',
    edit(SIZES, 'const MAX_TEXT_BYTES = MIB', 'const MAX_TEXT_BYTES = Infinity'),
  ),
  refused(
    'more arguments than is allowed',
    'the most bytes of arguments',
    'arguments beyond what a program can be given',
    edit(SIZES, 'const MAX_VECTOR_BYTES = 128 * KIB', 'const MAX_VECTOR_BYTES = Infinity'),
  ),
  refused(
    'more metadata than is allowed',
    'the most bytes of metadata',
    'metadata over 4 KiB',
    edit(SIZES, 'const MAX_METADATA_BYTES = 4 * KIB', 'const MAX_METADATA_BYTES = Infinity'),
  ),
  {
    threat: 'headers without end',
    without: 'the most bytes of headers',
    edits: edit(
      'src/api/http/gateway-server.ts',
      'requireHostHeader: false,',
      'requireHostHeader: false,\n    maxHeaderSize: 1_000_000,',
    ),
    test: REFUSALS_TEST,
    name: 'headers beyond what any request needs',
  },
  {
    threat: 'responses held open without end',
    without: 'the most that a tenant may hold open',
    edits: edit('src/api/http/open-responses.ts', '>= maxOfTenant) throw', '< 0) throw'),
    test: STREAMS_TEST,
    name: 'gets no more of any kind',
  },
  {
    threat: 'responses held open without end',
    without: 'that a job with a delay is not run at once',
    edits: edit(
      'src/api/jobs/run-now.ts',
      '  if (spec.delayMs === 0) return spec\n',
      '  if (spec.delayMs >= 0) return spec\n',
    ),
    test: STREAMS_TEST,
    name: 'a job that is to begin later',
  },
]

const bodies: Defence[] = [
  refused(
    'empty body',
    'that a language is asked for',
    'an empty body',
    edit(
      REQUESTS,
      "language: Type.String({ minLength: 1, maxLength: 32, description: 'id or alias, see GET /v1/runtimes' }),",
      'language: optional(Type.String()),',
    ),
  ),
  {
    threat: 'wrong content type',
    without: 'the look at it',
    edits: edit(BODY, "if (!req.is('application/json')) {", "if (req.headers['content-type'] === undefined) {"),
    test: BODY_TEST,
    name: 'of another type is refused',
  },
  {
    threat: 'wrong content type',
    without: 'the look at its charset',
    edits: edit(BODY, "if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {", "if (charset === '') {"),
    test: BODY_TEST,
    name: 'said to be in UTF-16 is refused',
  },
  {
    threat: 'wrong content type',
    without: 'that a body is read as UTF-8 whatever it says, and that nothing thrown of it gets away',
    edits: [
      ...edit(
        BODY,
        'const text = new TextDecoder().decode(bytes)',
        "const text = new TextDecoder(type.includes('utf-16le') ? 'utf-16le' : 'utf-8').decode(bytes)",
      ),
      ...edit(
        BODY,
        'function parseBody(bytes: unknown): unknown {',
        'function parseBody(bytes: unknown, type: string): unknown {',
      ),
      ...edit(
        BODY,
        'req.body = parseBody(req.body as unknown)',
        "req.body = parseBody(req.body as unknown, req.headers['content-type'] ?? '')",
      ),
    ],
    test: BODY_TEST,
    name: 'is read as UTF-8 and nothing else, whatever the header says',
  },
  {
    threat: 'a body that breaks its reader',
    without: 'the try around what a stream calls',
    edits: [
      ...edit(BODY, '      try {\n        req.body = parseBody', '      {\n        req.body = parseBody'),
      ...edit(BODY, '      } catch (fault) {\n        return next(fault)\n      }\n', '      }\n'),
    ],
    test: BODY_TEST,
    name: 'that is not JSON is refused',
  },
  {
    threat: 'invalid UTF-8',
    without: 'the look at whether it is UTF-8',
    edits: edit(BODY, "  if (!isUtf8(bytes)) throw new Problem('invalid-json', 'the body is not UTF-8')\n", ''),
    test: BODY_TEST,
    name: 'that is not UTF-8 is refused',
  },
  {
    threat: 'truncated gzip',
    without: 'that it is the client’s fault',
    edits: edit(
      BODY,
      "return new Problem('invalid-json', 'the body cannot be decompressed', { cause: error })",
      'return error',
    ),
    test: BODY_TEST,
    name: 'packed and cut off is refused',
  },
]

const paths: Defence[] = [
  refused(
    'a path outside',
    'the look for ..',
    'a path with ..',
    edit(
      'src/shared/path-problem.ts',
      "if (component === '.' || component === '..') return",
      "if (component === '.') return",
    ),
  ),
  refused(
    'a path outside',
    'that paths are relative',
    'an absolute path',
    edit(
      'src/shared/path-problem.ts',
      "  if (path.startsWith('/')) return 'must be relative'\n",
      "  while (path.startsWith('/')) path = path.slice(1)\n",
    ),
  ),
  {
    threat: 'a path outside',
    without: 'the look for control characters',
    edits: edit('src/shared/path-problem.ts', '[\\u0000-\\u001f\\u007f]/.test(path)', '[\\u0000]/.test(path)'),
    test: 'tests/api/parts.test.ts',
    name: 'a path "a\\nb" cannot',
  },
  refused(
    'two files of one path',
    'the look for them',
    'a file twice',
    edit(CHECK, 'if (seen.has(file.path)) errors', 'if (file.path.length < 0) errors'),
  ),
  refused(
    'a file that is a folder',
    'the look for it',
    'a file that is a folder too',
    edit(CHECK, 'if (files.some((other) => other.path.startsWith(`${file.path}/`))) {', 'if (files.length === 0) {'),
  ),
  refused(
    'an entrypoint that is none',
    'the look at the files',
    'an entrypoint that is no file',
    edit(SOURCE, 'if (!paths.includes(entrypoint)) {', 'if (paths.length === 0) {'),
  ),
  refused(
    'what is no base64',
    'the look at it',
    'content that is not base64',
    edit(
      CHECK,
      "if (encoding === 'base64' && content !== undefined && plainBase64(content) === undefined) {",
      'if (file.path.length < 0) {',
    ),
  ),
  refused(
    'NUL in arguments',
    'the look for it',
    'NUL in an argument',
    edit(CHECK, "value.includes('\\0'))", 'value.length < 0)'),
  ),
  refused(
    'names of variables',
    'their form',
    'a name that no variable can have',
    edit(REQUESTS, "propertyNames: { pattern: '^[^=\\\\u0000]{1,256}$',", 'propertyNames: {'),
  ),
  refused(
    'a path outside',
    'the look for backslashes',
    'a path with a backslash',
    edit('src/shared/path-problem.ts', "if (path.includes('\\\\'))", 'if (path.length === 0)'),
  ),
]

const messages: Defence[] = [
  [
    'the look at what a parser does away with',
    '  if (faults.length > 0) throw invalidRequest(faults)\n',
    '',
    'a field twice',
  ],
  ['the look at base64', 'if (plain === undefined) throw', 'if (data.length < 0) throw', 'what is no base64'],
  [
    'the form of their numbers',
    'Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description:',
    'Type.Any({ description:',
    '2^53 as a number',
  ],
  [
    'the signals that may be sent',
    'signal: Type.Enum(SIGNAL_NAMES)',
    'signal: Type.String()',
    'a signal that may not be sent',
  ],
  [
    'that they have no other fields',
    'const closed = { additionalProperties: false }',
    'const closed = { additionalProperties: true }',
    'a field that is not known',
  ],
].map(([without = '', find = '', replace = '', name = '']): Defence => ({
  threat: 'messages over a socket',
  without,
  edits: edit('src/api/jobs/socket/read-message.ts', find, replace),
  test: MESSAGE_TEST,
  name: `a message that cannot be used is told why: ${name}`,
}))

/** Values that no request should have. */
export const VALUES: readonly Defence[] = [...numbers, ...names, ...sizes, ...bodies, ...paths, ...messages]
