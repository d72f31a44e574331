import type { ProblemCheck, Rejudging, StoredProblem, ValidProblem } from './api-types.ts'
import type { CallOptions, Http } from './http.ts'
import type { RunyardError } from './runyard-error.ts'

/** Problems that are stored once and judged by their id. An archive is the bytes of a zip, tar or tar.gz of a plain folder, or of a package of Kattis or Polygon. */
export interface Problems {
  /**
   * Stores a problem. It is sent again only when it was surely not stored.
   * @throws RunyardError `invalid-request` with everything that is wrong with the archive, `too-large`
   */
  create(name: string, archive: Uint8Array, options?: CallOptions): Promise<StoredProblem>
  /** Says what an archive is, and stores nothing. @throws as `create` */
  validate(name: string, archive: Uint8Array, options?: CallOptions): Promise<ValidProblem>
  /** Stores a new version; the id stays. @throws as `create` */
  replace(id: string, name: string, archive: Uint8Array, options?: CallOptions): Promise<StoredProblem>
  /** Yours, newest first, without their tests. */
  list(options?: CallOptions): Promise<StoredProblem[]>
  /** What is known of a problem. */
  get(id: string, options?: CallOptions): Promise<StoredProblem>
  /** A tar.gz of a plain folder that makes the same problem again, with its tests. */
  export(id: string, options?: CallOptions): Promise<Uint8Array>
  /** Judges the example submissions and runs the input validators; `report` tells how they ended. */
  check(id: string, options?: CallOptions): Promise<{ batch: string; jobs: string[] }>
  /** How the last check of a problem went. */
  report(id: string, options?: CallOptions): Promise<ProblemCheck>
  /** Judges all submissions again, as a batch of low priority: `getBatch` and `waitBatch` tell how far it is. */
  rejudge(id: string, options?: CallOptions): Promise<Rejudging>
  /** Deletes a problem; jobs that wait are still judged with it. */
  remove(id: string, options?: CallOptions): Promise<void>
}

const PLACE = '/v1/problems'
/** A large archive takes its time; the service gives a body as much. */
const UPLOAD_MS = 300_000

/** What does something each time is made again where it was refused, and not where it may have been done. */
const wasRefused = ({ status }: RunyardError): boolean => status === 429 || status === 503

export function createProblems(http: Http): Problems {
  const at = (id: string, part = '') => `${PLACE}/${encodeURIComponent(id)}${part}`
  const shouldRetry = ({ shouldRetry: own }: CallOptions) => ({
    shouldRetry: (error: RunyardError) => wasRefused(error) && (own ?? http.policy.shouldRetry)?.(error) !== false,
  })
  const send = <T>(method: 'POST' | 'PUT', path: string, name: string, archive: Uint8Array, call: CallOptions) =>
    http.json<T>(path, { ...call, method, body: { name, archive: base64(archive) }, waitsMs: UPLOAD_MS })
  const act = <T>(path: string, call: CallOptions = {}) =>
    http.json<T>(path, { ...call, ...shouldRetry(call), method: 'POST' })
  return {
    create: (name, archive, call = {}) => send('POST', PLACE, name, archive, { ...call, ...shouldRetry(call) }),
    validate: (name, archive, call = {}) => send('POST', `${PLACE}?validate`, name, archive, call),
    replace: (id, name, archive, call = {}) => send('PUT', at(id), name, archive, { ...call, ...shouldRetry(call) }),
    list: async (call) => (await http.json<{ problems: StoredProblem[] }>(PLACE, call)).problems,
    get: (id, call) => http.json(at(id), call),
    async export(id, call = {}) {
      const { archive } = await http.json<{ archive: string }>(at(id, '/archive'), { ...call, waitsMs: UPLOAD_MS })
      return Uint8Array.from(atob(archive), (character) => character.charCodeAt(0))
    },
    check: (id, call) => act(at(id, '/check'), call),
    report: (id, call) => http.json(at(id, '/check'), call),
    rejudge: (id, call) => act(at(id, '/rejudge'), call),
    remove: (id, call) => http.json<void>(at(id), { ...call, method: 'DELETE' }),
  }
}

/** Bytes at a time: a multiple of three, and few enough to be arguments. */
const PIECE = 3 * 8192

/** For browsers, too, which cannot encode bytes as such everywhere. */
function base64(bytes: Uint8Array): string {
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; at += PIECE)
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(at, at + PIECE))))
  return pieces.join('')
}
