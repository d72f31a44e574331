import { type Defence, edit } from './defence.ts'

const AUTHENTICATE = 'src/api/access/authenticate.ts'
const AUTHENTICATE_TEST = 'tests/api/access/authenticate.test.ts'
const PRESENTED = 'src/api/access/presented-key.ts'
const KEYS = 'src/shared/access/api-keys.ts'
const KEYS_TEST = 'tests/shared/api-keys.test.ts'
const REVOCATIONS = 'src/api/access/revocations.ts'
const REVOCATIONS_TEST = 'tests/api/access/revocations.test.ts'
const SCOPES_TEST = 'tests/api/access/scopes.test.ts'
const STREAMS_TEST = 'tests/api/open-streams.test.ts'
const OPEN = 'src/api/http/open-responses.ts'
const LOG = 'src/api/http/request-log.ts'
const E2B_ACCESS = 'src/api/compat/e2b/sandbox-access.ts'
const E2B_TEST = 'tests/compat/e2b.test.ts'

/** Who gets in, and for how long. */
export const KEYS_HELD: readonly Defence[] = [
  {
    threat: 'no key',
    without: 'the refusal of callers that show none, where one is required',
    edits: edit(AUTHENTICATE, "if (config.auth === 'required') throw unauthenticated(NO_KEY)", ''),
    test: SCOPES_TEST,
    name: 'without a key nothing is served but health',
  },
  {
    threat: 'wrong key',
    without: 'the comparison of the secret',
    edits: edit(KEYS, 'return isRight && stored &&', 'return stored &&'),
    test: AUTHENTICATE_TEST,
    name: 'is refused in every mode: a wrong secret',
  },
  {
    threat: 'wrong key',
    without: 'that a key which is shown must be valid, also where none is needed',
    edits: edit(
      AUTHENTICATE,
      '    if (!key) {\n',
      "    if (!key && config.auth !== 'required') {\n      res.locals.caller = withoutKey(address)\n      res.locals.keyEnds = () => undefined\n      return next()\n    }\n    if (!key) {\n",
    ),
    test: AUTHENTICATE_TEST,
    name: 'is refused in every mode: a wrong secret',
  },
  {
    threat: 'wrong key',
    without: 'that two different keys are refused',
    edits: edit(PRESENTED, 'return other === undefined ? { key } : { fault: TWO_KEYS }', 'return { key }'),
    test: AUTHENTICATE_TEST,
    name: 'is refused in every mode: a wrong and a right key',
  },
  {
    threat: 'wrong key',
    without: 'one answer for every key that is not valid',
    edits: edit(AUTHENTICATE, 'return fail(NOT_VALID, id', 'return fail(id === undefined ? NO_KEY : NOT_VALID, id'),
    test: AUTHENTICATE_TEST,
    name: 'a malformed key get the same answer',
  },
  {
    threat: 'wrong key',
    without: 'that each wrong key is told of',
    edits: edit(
      AUTHENTICATE,
      "await onFailure({ kind: 'authentication-failed', ...origin, detail }, res)",
      'void origin',
    ),
    test: AUTHENTICATE_TEST,
    name: 'each key that is not accepted is told of',
  },
  {
    threat: 'revoked key',
    without: 'the look at whether a key was revoked',
    edits: edit(KEYS, '    revokedAt !== null || (expiresAt', '    (expiresAt'),
    test: KEYS_TEST,
    name: 'a revoked key opens nothing at once',
  },
  {
    threat: 'revoked key',
    without: 'the look at whether it has expired',
    edits: edit(KEYS, '(expiresAt !== null && Date.parse(expiresAt) <= now())', '(expiresAt !== null && now() < 0)'),
    test: KEYS_TEST,
    name: 'a key opens until it expires',
  },
  {
    threat: 'revoked key',
    without: 'that its open responses are told of the revocation',
    edits: edit(
      REVOCATIONS,
      '    for (const watch of watches) if (watch.keyId === keyId) watch.end()\n',
      '    void keyId\n',
    ),
    test: REVOCATIONS_TEST,
    name: 'a revoked key opens nothing any more on any gateway',
  },
  {
    threat: 'revoked key',
    without: 'that keys are looked at again when the connection is back',
    edits: edit(REVOCATIONS, '++last\n        lookAtAll()', '++last'),
    test: REVOCATIONS_TEST,
    name: 'a revocation that passed while the connection was away',
  },
  {
    threat: 'revoked key',
    without: 'that a key is looked at when its watch begins',
    edits: edit(REVOCATIONS, 'since !== subscription) void look(watch)', 'since !== subscription) void watch'),
    test: REVOCATIONS_TEST,
    name: 'a revocation between the reading of a key and its watch',
  },
  {
    threat: 'revoked key',
    without: 'that a revocation heard before a watch begins is remembered',
    edits: edit(REVOCATIONS, 'else if (revoked.has(keyId)) queueMicrotask(watch.end)', ''),
    test: 'tests/api/access/revocation-memory.test.ts',
    name: 'a revocation that was heard between the reading of a key and its watch ends that',
  },
  {
    threat: 'revoked key',
    without: 'that a key opens nothing before Redis says so, however well it is known',
    edits: edit(
      'src/api/access/authenticate.ts',
      'const key = await verified.catch(',
      'const key = known ?? await verified.catch(',
    ),
    test: 'tests/api/access/foreseen-limit.test.ts',
    name: 'a known key that was revoked is refused, and takes nothing after that',
  },
  {
    threat: 'revoked key',
    without: 'the end of what an expiring key has open',
    edits: edit(
      REVOCATIONS,
      'const timer = setTimeout(watch.end, lifeMs).unref()',
      'const timer = setTimeout(() => undefined, lifeMs).unref()',
    ),
    test: REVOCATIONS_TEST,
    name: 'what an expiring key has open ends',
  },
  {
    threat: 'revoked key',
    without: 'that a response which is open listens for the end of its key',
    edits: edit(OPEN, "    res.locals.keyEnds(done)?.addEventListener('abort', () => end('key'))\n", ''),
    test: STREAMS_TEST,
    name: 'a key that is revoked while its caller waits is answered 401: a long poll',
  },
  {
    threat: 'revoked key',
    without: 'the 401 of who waited meanwhile',
    edits: edit(
      OPEN,
      "if (signal.reason !== ('key' satisfies EndedBy)) return\n",
      'if (signal !== undefined) return\n',
    ),
    test: STREAMS_TEST,
    name: 'a key that is revoked while its caller waits is answered 401: a long poll',
  },
  {
    threat: 'revoked key',
    without: 'that event streams know of its end',
    edits: edit('src/api/jobs/job-events.ts', 'open.admit(res))', 'new AbortController().signal)'),
    test: STREAMS_TEST,
    name: 'a key that is revoked loses what it has open: an event stream',
  },
  {
    threat: 'revoked key',
    without: 'that sockets know of its end',
    edits: edit('src/api/jobs/job-io.ts', 'const ends = open.admit(res)', 'const ends = new AbortController().signal'),
    test: STREAMS_TEST,
    name: 'a key that is revoked loses what it has open: a socket',
  },
  {
    threat: 'a key in a URL',
    without: 'the refusal of keys in the query',
    edits: edit(PRESENTED, '  if (hasKeyInQuery(url)) return { fault: IN_URL }\n', ''),
    test: AUTHENTICATE_TEST,
    name: 'a key in a URL is refused',
  },
  {
    threat: 'a key in a URL',
    without: 'that queries are left out of the log',
    edits: edit(LOG, "withoutKeys(url.split('?', 1)[0] ?? '')", 'url'),
    test: AUTHENTICATE_TEST,
    name: 'no key, no secret and no hash stands in any line of the log',
  },
  {
    threat: 'timing of key comparison',
    without: 'the comparison in constant time',
    edits: edit(KEYS, 'timingSafeEqual(hashSecret(text.secret), expected)', 'hashSecret(text.secret).equals(expected)'),
    test: 'tests/shared/key-comparison.test.ts',
    name: 'does not tell how much of it is right',
  },
  {
    threat: 'timing of key comparison',
    without: 'the same steps for an id that there is not',
    edits: edit(
      KEYS,
      '      const expected = stored ?',
      '      if (!stored) return undefined\n      const expected = stored ?',
    ),
    test: 'tests/shared/key-comparison.test.ts',
    name: 'does not tell how much of it is right',
  },
  {
    threat: 'a sandbox of E2B’s protocol: reached by its id alone',
    without: 'the look at its access token',
    edits: edit(E2B_ACCESS, 'if (!isOpenedBy(record.token, req)) {', "if (record.token === '') {"),
    test: E2B_TEST,
    name: 'is reached by headers or by its host name, and by its token alone',
  },
  {
    threat: 'a sandbox of E2B’s protocol: a signature for another file',
    without: 'the path in what is signed',
    edits: edit(E2B_ACCESS, "path: text('path'), operation,", "path: 'packed', operation,"),
    test: E2B_TEST,
    name: 'takes files in a form, as bytes and packed, and gives them back, also by a signature',
  },
]
