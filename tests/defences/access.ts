import { type Defence, edit } from './defence.ts'

const AUTHENTICATE = 'src/api/access/authenticate.ts'
const AUTHENTICATE_TEST = 'tests/api/access/authenticate.test.ts'
const PRESENTED = 'src/api/access/presented-key.ts'
const KEYS = 'src/shared/access/api-keys.ts'
const KEYS_TEST = 'tests/shared/api-keys.test.ts'
const REVOCATIONS = 'src/api/access/revocations.ts'
const REVOCATIONS_TEST = 'tests/api/access/revocations.test.ts'
const HOST = 'src/api/access/own-host.ts'
const HOST_TEST = 'tests/api/access/own-host.test.ts'
const TENANTS_TEST = 'tests/api/access/tenants.test.ts'
const SCOPES_TEST = 'tests/api/access/scopes.test.ts'
const PAGES_TEST = 'tests/api/access/pages.test.ts'
const STREAMS_TEST = 'tests/api/open-streams.test.ts'
const OPEN = 'src/api/http/open-responses.ts'
const APP = 'src/api/app.ts'
const LOG = 'src/api/http/request-log.ts'

const keys: Defence[] = [
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
    edits: edit(AUTHENTICATE, '    if (!key) {\n', "    if (!key && config.auth !== 'required') {\n      res.locals.caller = withoutKey(address)\n      res.locals.keyEnds = () => undefined\n      return next()\n    }\n    if (!key) {\n"), // prettier-ignore
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
    edits: edit(REVOCATIONS, '.then(lookAtAll, () => undefined)', '.catch(() => undefined)'),
    test: REVOCATIONS_TEST,
    name: 'a revocation that passed while the connection was away',
  },
  {
    threat: 'revoked key',
    without: 'that a key is looked at when its watch begins',
    edits: edit(REVOCATIONS, '      void look(watch)\n      return {', '      return {'),
    test: REVOCATIONS_TEST,
    name: 'a revocation between the reading of a key and its watch',
  },
  {
    threat: 'revoked key',
    without: 'the end of what an expiring key has open',
    edits: edit(REVOCATIONS, 'const timer = setTimeout(watch.end, lifeMs).unref()', 'const timer = setTimeout(() => undefined, lifeMs).unref()'), // prettier-ignore
    test: REVOCATIONS_TEST,
    name: 'what an expiring key has open ends',
  },
  {
    threat: 'revoked key',
    without: 'that a response which is open listens for the end of its key',
    edits: edit(OPEN, "    res.locals.keyEnds()?.addEventListener('abort', () => end('key'))\n", ''),
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
    edits: edit('src/api/routes/jobs.ts', 'deps.open.hold(res))', 'new AbortController().signal)'),
    test: STREAMS_TEST,
    name: 'a key that is revoked loses what it has open: an event stream',
  },
  {
    threat: 'revoked key',
    without: 'that sockets know of its end',
    edits: edit(
      'src/api/routes/jobs/job-io.ts',
      'const ends = open.hold(res)',
      'const ends = new AbortController().signal',
    ),
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
]

/** What each place that reads something of a tenant does without looking whose it is. */
const tenants: Defence[] = [
  {
    threat: 'another tenant’s job, wherever a job is read by its id',
    without: 'the look at whose job it is',
    edits: edit('src/api/routes/jobs/own-job.ts', ' || record.tenant !== res.locals.caller.tenant', ''),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job that is read',
  },
  {
    threat: 'another tenant’s job: read',
    without: 'it for this route',
    edits: edit(
      'src/api/routes/jobs/read-job.ts',
      'let job = await ownJob(records, res, req.params.id)',
      'let job = (await records.read(req.params.id))?.job ?? (await ownJob(records, res, req.params.id))',
    ),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job that is read',
  },
  {
    threat: 'another tenant’s job: stream',
    without: 'it for this route',
    edits: edit(
      'src/api/routes/jobs.ts',
      'const job = await ownJob(deps.records, res, req.params.id)',
      'const job = (await deps.records.read(req.params.id))?.job ?? (await ownJob(deps.records, res, req.params.id))',
    ),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job whose stream is asked for by HEAD',
  },
  {
    threat: 'another tenant’s job: cancel',
    without: 'it for this route',
    edits: edit(
      'src/api/routes/jobs/cancel-job.ts',
      'const job = await ownJob(records, res, req.params.id)',
      'const job = (await records.read(req.params.id))?.job ?? (await ownJob(records, res, req.params.id))',
    ),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job that is cancelled',
  },
  {
    threat: 'another tenant’s job: talk to',
    without: 'it for this route',
    edits: edit(
      'src/api/routes/jobs/job-io.ts',
      'const job = await ownJob(records, res, req.params.id)',
      'const job = (await records.read(req.params.id))?.job ?? (await ownJob(records, res, req.params.id))',
    ),
    test: TENANTS_TEST,
    name: 'a job that is talked to',
  },
  {
    threat: 'another tenant’s job: artifacts',
    without: 'it for this route',
    edits: edit(
      'src/api/routes/jobs/read-artifact.ts',
      'const job = await ownJob(records, res, req.params.id)',
      'const job = (await records.read(req.params.id))?.job ?? (await ownJob(records, res, req.params.id))',
    ),
    test: 'tests/e2e/artifacts.test.ts',
    name: 'is 404 to others',
  },
  {
    threat: 'another tenant’s job: list',
    without: 'a list of its own for each tenant',
    edits: edit('src/api/routes/jobs/list-jobs.ts', 'jobList.page(res.locals.caller.tenant, ', "jobList.page('acme', "),
    test: TENANTS_TEST,
    name: 'lists show what belongs to the tenant',
  },
  {
    threat: 'another tenant’s batch',
    without: 'the look at whose batch it is',
    edits: edit('src/api/routes/batches/read-batch.ts', ' || batch.tenant !== res.locals.caller.tenant', ''),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a batch',
  },
  {
    threat: 'another tenant’s webhook delivery: read',
    without: 'the look at whose delivery it is',
    edits: edit(
      'src/api/routes/webhooks.ts',
      'if (stored?.tenant !== res.locals.caller.tenant) throw noDelivery()',
      'if (!stored) throw noDelivery()',
    ),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a delivery',
  },
  {
    threat: 'another tenant’s webhook delivery: repeat',
    without: 'the look at whose delivery it is',
    edits: edit(
      'src/shared/webhooks/delivery-scripts.ts',
      "if redis.call('HGET', KEYS[1], 'tenant') ~= ARGV[3] then return 0 end",
      "if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end",
    ),
    test: 'tests/shared/webhooks/deliveries.test.ts',
    name: 'only its own tenant can have a delivery made again',
  },
  {
    threat: 'another tenant’s webhook secret',
    without: 'a secret of its own for each tenant',
    edits: edit(
      'src/api/routes/webhooks.ts',
      'await secrets.read(res.locals.caller.tenant)',
      "await secrets.read('acme')",
    ),
    test: TENANTS_TEST,
    name: 'webhooks of two tenants are signed with secrets of their own',
  },
  {
    threat: 'a tenant that is another one’s',
    without: 'that callers without a key are tenants by their address',
    edits: edit(AUTHENTICATE, '`anonymous:${address}`', "'anonymous'"),
    test: AUTHENTICATE_TEST,
    name: 'a caller without a key is a tenant by its address',
  },
  {
    threat: 'a tenant that is another one’s',
    without: 'that an address is believed of no proxy that is not trusted',
    edits: edit('src/api/access/trust-proxy.ts', 'proxies.length > 0 ? [...proxies] : false', 'true'),
    test: 'tests/api/access/client-address.test.ts',
    name: 'is that of the connection when no proxy is trusted',
  },
  {
    threat: 'a tenant that is another one’s',
    without: 'that no key can be made for the tenants of callers without one',
    edits: edit(
      'src/shared/access/new-api-key.ts',
      "if (tenant === 'local' || tenant.startsWith('anonymous')) {",
      "if (tenant === '') {",
    ),
    test: 'tests/api/access/admin-keys.test.ts',
    name: 'is refused with the field named: /tenant',
  },
]

const scopes: Defence[] = [
  {
    threat: 'a token of low scope on an admin route',
    without: 'the look at the scopes of a key',
    edits: edit('src/api/access/require-scope.ts', 'if (caller.scopes.some((scope) => enough.includes(scope))) return next()', 'return next()'), // prettier-ignore
    test: SCOPES_TEST,
    name: 'GET /v1/admin/keys takes one of',
  },
  {
    threat: 'a token of low scope on an admin route',
    without: 'it for all of them',
    edits: edit(APP, "  app.use('/v1/admin', allow('admin'))\n", ''),
    test: SCOPES_TEST,
    name: 'POST /v1/admin/keys takes one of',
  },
  {
    threat: 'a token of low scope: metrics',
    without: 'it for this route',
    edits: edit(APP, "config.auth === 'none' ? [] : allow('admin'), ", ''),
    test: SCOPES_TEST,
    name: 'GET /metrics takes one of',
  },
  ...[
    { route: '/v1/jobs', name: 'GET /v1/jobs takes one of', scope: "allow('jobs', 'containers'), jobRoutes", with: 'jobRoutes' }, // prettier-ignore
    { route: '/v1/webhook-secret', name: 'GET /v1/webhook-secret takes one of', scope: "allow('jobs', 'containers'), webhookSecretRoutes", with: 'webhookSecretRoutes' }, // prettier-ignore
    { route: '/v1/webhook-deliveries', name: 'GET /v1/webhook-deliveries takes one of', scope: "allow('jobs', 'containers'), webhookDeliveryRoutes", with: 'webhookDeliveryRoutes' }, // prettier-ignore
    { route: '/api/repl/execute', name: 'POST /api/repl/execute takes one of', scope: "allow('jobs'), runNowRoutes", with: 'runNowRoutes' }, // prettier-ignore
    { route: '/api/containers/create', name: 'POST /api/containers/create takes one of', scope: "allow('containers'), runNowRoutes", with: 'runNowRoutes' }, // prettier-ignore
  ].map(({ route, name, scope, with: replace }): Defence => ({
    threat: `a token of low scope: ${route}`,
    without: 'it for this route',
    edits: edit(APP, scope, replace),
    test: SCOPES_TEST,
    name,
  })),
  {
    threat: 'a token of low scope: /v1/batches',
    without: 'it for this route',
    edits: edit(APP, "    allow('jobs', 'containers'),\n    batchRoutes", '    batchRoutes'),
    test: SCOPES_TEST,
    name: 'GET /v1/batches',
  },
  {
    threat: 'a token of low scope: submitting code',
    without: 'that it takes more than reading does',
    edits: edit('src/api/routes/jobs.ts', '.post(maySubmit, jsonBody', '.post(jsonBody'),
    test: SCOPES_TEST,
    name: 'POST /v1/jobs takes one of',
  },
  {
    threat: 'a token of low scope: submitting batches',
    without: 'that it takes more than reading does',
    edits: edit('src/api/routes/batches.ts', '.post(maySubmit, jsonBody', '.post(jsonBody'),
    test: SCOPES_TEST,
    name: 'POST /v1/batches takes one of',
  },
  {
    threat: 'a token above the ceilings',
    without: 'the ceilings of a key',
    edits: edit(
      'src/api/intake/intake.ts',
      'lowerOf(config.limits.ceilings, caller.ceilings)',
      'config.limits.ceilings',
    ),
    test: SCOPES_TEST,
    name: 'a key cannot go above its own ceilings',
  },
]

const pages: Defence[] = [
  {
    threat: 'CORS',
    without: 'that no answer lets a page of another origin read it',
    edits: edit(APP, '  app.use(helmet())\n', "  app.use(helmet())\n  app.use((_req, res, next) => {\n    res.set('Access-Control-Allow-Origin', '*')\n    next()\n  })\n"), // prettier-ignore
    test: PAGES_TEST,
    name: 'is not given to pages of other origins to read',
  },
  {
    threat: 'clickjacking',
    without: 'the headers that keep answers out of frames',
    edits: edit(APP, '  app.use(helmet())\n', ''),
    test: PAGES_TEST,
    name: 'is not shown inside a page of another site',
  },
  {
    threat: 'CSRF on the admin pages',
    without: 'that no cookie opens anything',
    edits: edit(
      PRESENTED,
      "  const shown = new Set(headersDistinct['x-api-key'])\n",
      "  const shown = new Set(headersDistinct['x-api-key'])\n  const brought = /ry_[0-9a-f]{12}_[0-9a-f]{64}/.exec(headersDistinct.cookie?.join() ?? '')?.[0]\n  if (brought !== undefined) shown.add(brought)\n",
    ),
    test: PAGES_TEST,
    name: 'a browser brings nothing along by itself that opens anything',
  },
  {
    threat: 'CSRF on the admin pages',
    without: 'that a form can send nothing that is taken',
    edits: edit(
      'src/api/http/body.ts',
      "if (!req.is('application/json')) {",
      "if (req.headers['content-type'] === undefined) {",
    ),
    test: PAGES_TEST,
    name: 'a form of another site can send nothing that is taken',
  },
  {
    threat: 'CSRF without authentication',
    without: 'the look at the site a request comes from',
    edits: edit(HOST, 'if (!isOpen && isCrossSite(req.headers)) {', 'if (!isOpen && req.method === undefined) {'),
    test: HOST_TEST,
    name: 'nothing is changed by a page of another site',
  },
  {
    threat: 'CSRF without authentication',
    without: 'it for WebSockets, which count as reading elsewhere',
    edits: edit(HOST, ' && req.headers.upgrade === undefined', ''),
    test: HOST_TEST,
    name: 'no WebSocket is opened by a page of another site',
  },
  {
    threat: 'DNS rebinding without authentication',
    without: 'the look at the host that a request names',
    edits: edit(HOST, 'if (!hosts.every((host) => isLoopbackName(host.trim()))) {', 'if (hosts.length === 0) {'),
    test: HOST_TEST,
    name: 'a request to "attacker.example" is not',
  },
  {
    threat: 'DNS rebinding without authentication',
    without: 'the look at the host that a proxy was asked for',
    edits: edit(HOST, "...(typeof forwarded === 'string' ? forwarded.split(',') : [])", ''),
    test: HOST_TEST,
    name: 'one that a proxy took for runyard.example is not',
  },
]

/** Who gets in, and to what. */
export const ACCESS: readonly Defence[] = [...keys, ...tenants, ...scopes, ...pages]
