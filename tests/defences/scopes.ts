import { type Defence, edit } from './defence.ts'

const PRESENTED = 'src/api/access/presented-key.ts'
const HOST = 'src/api/access/own-host.ts'
const HOST_TEST = 'tests/api/access/own-host.test.ts'
const CROSS_SITE = 'src/api/access/cross-site.ts'
const CROSS_SITE_TEST = 'tests/api/access/cross-site.test.ts'
const SCOPES_TEST = 'tests/api/access/scopes.test.ts'
const PAGES_TEST = 'tests/api/access/pages.test.ts'
const APP = 'src/api/app.ts'
/** The scopes of what whoever submits something may do. */
const EITHER = "['jobs', 'containers']"

const scopes: Defence[] = [
  {
    threat: 'a token of low scope on an admin route',
    without: 'the look at the scopes of a key',
    edits: edit(
      'src/api/access/require-scope.ts',
      'if (caller.scopes.some((scope) => enough.includes(scope))) return next()',
      'return next()',
    ),
    test: SCOPES_TEST,
    name: 'GET /v1/admin/keys takes one of',
  },
  {
    threat: 'a token of low scope on an admin route',
    without: 'it for all of them, and for those of keys',
    edits: [
      ...edit(APP, "  app.use('/v1/admin', access.allow(['admin'], '/v1/admin'))\n", ''),
      ...edit('src/api/access/admin-keys.ts', "scopes: ['admin'],", 'scopes: [],'),
    ],
    test: SCOPES_TEST,
    name: 'POST /v1/admin/keys takes one of',
  },
  ...[
    { route: 'GET /metrics', file: 'metrics/metrics-feature.ts', scopes: "['admin']" },
    { route: 'GET /v1/jobs', file: 'jobs/list-jobs.ts', scopes: EITHER },
    { route: 'GET /v1/batches', file: 'batches/read-batch.ts', scopes: EITHER },
    { route: 'GET /v1/webhook-secret', file: 'webhooks/webhook-secret.ts', scopes: EITHER },
    { route: 'GET /v1/webhook-deliveries', file: 'webhooks/deliveries.ts', scopes: EITHER },
    { route: 'POST /v1/files', file: 'files/upload-file.ts', scopes: "['files']" },
    { route: 'POST /api/repl/execute', file: 'jobs/run-now.ts', scopes: "['jobs']" },
    { route: 'POST /api/containers/create', file: 'jobs/run-now.ts', scopes: "['containers']" },
  ].map(({ route, file, scopes: declared }): Defence => ({
    threat: `a token of low scope: ${route}`,
    without: 'it for this route',
    edits: edit(`src/api/${file}`, `scopes: ${declared},`, 'scopes: [],'),
    test: SCOPES_TEST,
    name: route === 'GET /v1/batches' ? route : `${route} takes one of`,
  })),
  ...[
    { route: 'POST /v1/jobs', file: 'jobs/submit-job.ts' },
    { route: 'POST /v1/batches', file: 'batches/submit-batch.ts' },
  ].map(({ route, file }): Defence => ({
    threat: `a token of low scope: ${route}`,
    without: 'that it takes more than reading does',
    edits: edit(`src/api/${file}`, "scopes: ['jobs'],", `scopes: ${EITHER},`),
    test: SCOPES_TEST,
    name: `${route} takes one of`,
  })),
  {
    threat: 'a token above the ceilings',
    without: 'the ceilings of a key',
    edits: edit(
      'src/api/jobs/request/job-request-builder.ts',
      'lowerOf(config.limits.ceilings, caller.ceilings)',
      'config.limits.ceilings',
    ),
    test: SCOPES_TEST,
    name: 'a key cannot go above its own ceilings',
  },
  {
    threat: 'a tool of MCP beyond the scopes of a key',
    without: 'the look at its scopes',
    edits: edit('src/api/mcp/protocol.ts', 'tool && !mayCall(caller, tool.scopes)', 'tool && !tool.name'),
    test: 'tests/api/mcp/mcp.test.ts',
    name: 'a key has the tools of its scopes, and no others',
  },
]

const pages: Defence[] = [
  {
    threat: 'CORS',
    without: 'that no answer lets a page of another origin read it',
    edits: edit(
      APP,
      '  app.use(helmet())\n',
      "  app.use(helmet())\n  app.use((_req, res, next) => {\n    res.set('Access-Control-Allow-Origin', '*')\n    next()\n  })\n",
    ),
    test: PAGES_TEST,
    name: 'is not given to pages of other origins to read',
  },
  {
    threat: 'markup that finds its way into a page of ours',
    without: 'the policy of what a page may load and send',
    edits: edit(
      'src/api/pages/page-headers.ts',
      "    'style-src': `'self' 'nonce-${nonce}'`,\n",
      "    'style-src': `'self' 'nonce-${nonce}' 'unsafe-inline'`,\n",
    ),
    test: 'tests/pages/serving.test.ts',
    name: 'a page forbids what is not its own',
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
    threat: 'cross-site requests',
    without: 'the look at the origin a request comes from',
    edits: edit(APP, '  app.use(refuseCrossSite(config.http.allowedOrigins))\n', ''),
    test: CROSS_SITE_TEST,
    name: 'spends no budget on what it refuses',
  },
  {
    threat: 'a browser token on another page',
    without: 'the look at the origin that a token is for',
    edits: edit('src/api/access/authenticate.ts', 'if (!isFromOrigin(req, token.origin))', 'if (!token.origin)'),
    test: 'tests/api/access/browser-tokens.test.ts',
    name: 'pages of other origins may not, with the token or without one',
  },
  {
    threat: 'a page that makes itself tokens',
    without: 'that a token makes no others',
    edits: edit('src/api/access/browser-tokens.ts', 'if (isOfBrowser(caller.tenant))', 'if (!caller.tenant)'),
    test: 'tests/api/access/browser-tokens.test.ts',
    name: 'a token opens its scopes, makes no other token, and is nothing for the operator',
  },
  {
    threat: 'cross-site requests',
    without: 'that another port of this machine is another origin',
    edits: edit(CROSS_SITE, "site === 'same-origin' || site === 'none'", "site !== 'cross-site'"),
    test: CROSS_SITE_TEST,
    name: 'an image on another port of this machine gets nothing',
  },
  {
    threat: 'cross-site requests',
    without: 'the look at the page that an old browser names',
    edits: edit(CROSS_SITE, 'referer !== undefined && !isHost(referer, req.host)', 'referer === req.host'),
    test: CROSS_SITE_TEST,
    name: 'an image of another site in an old browser gets nothing',
  },
  {
    threat: 'cross-site requests',
    without: 'that a link leads to pages alone',
    edits: edit(CROSS_SITE, ' || !PAGES.test(path)', ''),
    test: CROSS_SITE_TEST,
    name: 'and nothing else: the API',
  },
  {
    threat: 'two hosts in one request',
    without: 'the look at how many Host headers there are',
    edits: edit(HOST, 'if (names > 1) throw', 'if (names > 9) throw'),
    test: HOST_TEST,
    name: 'a request is refused as malformed that names two hosts',
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

/** What a key does not open, and what pages of other sites cannot do. */
export const SCOPES_AND_PAGES: readonly Defence[] = [...scopes, ...pages]
