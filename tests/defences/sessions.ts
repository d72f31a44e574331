import { type Defence, edit } from './defence.ts'

const LOGIN = 'src/api/access/admin-login.ts'
const ORIGIN = LOGIN
const COOKIE = 'src/api/access/session-cookie.ts'
const SESSIONS = 'src/shared/access/admin-sessions.ts'
const ROUTE = 'src/api/access/admin-session.ts'
const TEST = 'tests/api/access/admin-session.test.ts'

/** Who is logged in to the dashboard, and what that opens. */
export const SESSIONS_HELD: readonly Defence[] = [
  {
    threat: 'CSRF on the dashboard',
    without: 'the look at the page a request with a session comes from',
    edits: edit(
      LOGIN,
      'if (!hasEffects(req) || isSameOrigin(req)) return',
      'if (hasEffects(req) || isSameOrigin(req)) return',
    ),
    test: TEST,
    name: 'a cookie changes nothing for a page of another origin that may call',
  },
  {
    threat: 'CSRF on the dashboard',
    without: 'the look at the origin, for browsers that name no site',
    edits: edit(
      ORIGIN,
      '  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === req.host)) return false\n',
      '',
    ),
    test: TEST,
    name: 'a cookie changes nothing for an old browser on a page of another origin that may call',
  },
  {
    threat: 'CSRF on the dashboard',
    without: 'it for requests that do not say where they come from',
    edits: edit(ORIGIN, 'return site === undefined ? origin !== undefined :', 'return site === undefined ? true :'),
    test: TEST,
    name: 'a cookie changes nothing for who says nothing of where it comes from',
  },
  {
    threat: 'CSRF on the dashboard',
    without: 'it for WebSockets',
    edits: edit(ORIGIN, ' || req.headers.upgrade !== undefined', ''),
    test: TEST,
    name: 'opens no WebSocket for a page of another site',
  },
  {
    threat: 'CSRF on the dashboard',
    without: 'it for logins, by which a victim would work as somebody else',
    edits: edit(ROUTE, '      if (origin !== undefined || site !== undefined) requireSameOrigin(req)\n', ''),
    test: TEST,
    name: 'nobody is logged in by a page of another site',
  },
  {
    threat: 'stolen session of the dashboard',
    without: 'that no script can read its cookie',
    edits: edit(COOKIE, 'httpOnly: true', 'httpOnly: false'),
    test: TEST,
    name: 'opens a session, whose cookie opens the admin routes',
  },
  {
    threat: 'stolen session of the dashboard',
    without: 'that no other site makes a browser send its cookie',
    edits: edit(COOKIE, "sameSite: 'strict'", "sameSite: 'none'"),
    test: TEST,
    name: 'opens a session, whose cookie opens the admin routes',
  },
  {
    threat: 'stolen session of the dashboard',
    without: 'that behind TLS only TLS carries its cookie',
    edits: edit(COOKIE, '  secure,\n', '  secure: secure && false,\n'),
    test: TEST,
    name: 'behind TLS gets a cookie that only TLS carries',
  },
  {
    threat: 'stolen session of the dashboard',
    without: 'that Redis has a hash of it and not what shows it',
    edits: edit(SESSIONS, "createHash('sha256').update(token).digest('hex')", 'token'),
    test: TEST,
    name: 'is not kept, nor what shows the session',
  },
  {
    threat: 'session of the dashboard that goes on',
    without: 'the look at its key with each request',
    edits: edit(LOGIN, "key?.scopes.includes('admin') ? { session, key } : undefined", '{ session, key: key ?? null }'),
    test: TEST,
    name: 'a session ends when its key is revoked',
  },
  {
    threat: 'session of the dashboard that goes on',
    without: 'that logging out ends it for whoever kept its cookie',
    edits: edit(
      ROUTE,
      'token === undefined ? undefined : await needs.sessions.close(token)',
      'token === undefined ? undefined : await needs.sessions.find(token)',
    ),
    test: TEST,
    name: 'a session ends when it is logged out',
  },
  {
    threat: 'session of the dashboard that goes on',
    without: 'its end however much it is used',
    edits: edit(SESSIONS, 'if (leftMs <= 0) return undefined', ''),
    test: TEST,
    name: 'a session ends when it is idle, and at its end',
  },
  {
    threat: 'session of the dashboard that opens more',
    without: 'that it opens the admin routes alone',
    edits: edit(LOGIN, 'if (!OPENED.test(req.path) || sessionToken(req)', 'if (sessionToken(req)'),
    test: TEST,
    name: 'a cookie opens nothing but the admin routes',
  },
  {
    threat: 'login to the dashboard by trying',
    without: 'that failed logins take from the rate',
    edits: edit(
      ROUTE,
      "    await onFailure(eventOf('authentication-failed', req, undefined, detail), res)\n    throw unauthenticated",
      '    throw unauthenticated',
    ),
    test: TEST,
    name: 'keys cannot be tried faster',
  },
  {
    threat: 'login to the dashboard by a key of low scope',
    without: 'the look at the scope',
    edits: edit(ROUTE, "if (key.scopes.includes('admin')) return key", 'if (key.scopes.length > 0) return key'),
    test: TEST,
    name: 'a key without the scope opens nothing',
  },
  {
    threat: 'link to the dashboard out of a history',
    without: 'that it opens once',
    edits: edit(SESSIONS, 'redis.multi().get(key).del(key).exec()', 'redis.multi().get(key).exec()'),
    test: TEST,
    name: 'a link that is made on the machine opens a session once',
  },
]
