import { createHash } from 'node:crypto'
import { text as textFrom } from 'node:stream/consumers'
import { AwsV4Signer } from 'aws4fetch'
import type { S3Settings } from '../config/s3-settings.ts'
import { MINUTE, SECOND } from '../limits.ts'
import { createAgent } from '../outgoing/agent.ts'
import { type Answer, discard, request } from '../outgoing/request.ts'
import { retry } from '../retry.ts'
import { StoreFull, StoreUnavailable } from './file-store.ts'

/** For how long a server is waited for. */
export interface S3Times {
  /** For a connection, in ms. */
  connectMs: number
  /** In which nothing moves on a connection, in ms. */
  stallMs: number
  /** The same while the server makes one object of its parts: some copy them, and say nothing meanwhile. */
  completeMs: number
  /** From the first try of a request to the last that can begin, in ms. */
  tryingMs: number
  /** Between one try and the next, in ms. */
  pausesMs: readonly number[]
}

/** A server that takes connections and says nothing is given up after half a minute. */
export const S3_TIMES: S3Times = {
  connectMs: 10 * SECOND,
  stallMs: 15 * SECOND,
  completeMs: 2 * MINUTE,
  tryingMs: 30 * SECOND,
  pausesMs: [0.2 * SECOND, SECOND, 3 * SECOND],
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export interface S3Call {
  /** Of an object; absent: the bucket itself. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Buffer
  stallMs?: number
}

/** What the server answered, where that was no success. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, what: string) {
    super(`${what}: ${status} ${code}`)
    this.status = status
    this.code = code
  }
}

/** Sends signed requests to a bucket, and tries again while that may help. */
export interface S3Requests {
  /**
   * @param take what is made of an answer; where that breaks off it is another failure of the request
   * @throws S3Error with 404; StoreFull, StoreUnavailable
   */
  call: <Taken>(method: Method, request: S3Call, take: (answer: Answer) => Taken | Promise<Taken>) => Promise<Taken>
  /** The same for the text of the answer. */
  text: (method: Method, request: S3Call) => Promise<string>
  /** The same without it. */
  run: (method: Method, request: S3Call) => Promise<void>
  close: () => Promise<void>
}

export function createS3Requests(settings: S3Settings, times: S3Times): S3Requests {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = settings
  const agent = createAgent({ connectTimeoutMs: times.connectMs, keepAlive: true })
  const root = `${endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}`

  const once = async (method: Method, { key, query = {}, headers = {}, body, stallMs = times.stallMs }: S3Call) => {
    const url = new URL(key === undefined ? root : `${root}/${key}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('hex')
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': digest },
      accessKeyId,
      secretAccessKey,
      region,
      service: 's3',
    })
    const signed = await signer.sign()
    const answer = await request(signed.url, {
      method,
      headers: Object.fromEntries(signed.headers as Headers),
      agent,
      stallMs,
      ...(body && { body }),
    })
    if (answer.status < 300) return answer
    const text = await textFrom(answer.body)
    const what = `${method} ${key ?? bucket} at ${endpoint}`
    throw new S3Error(answer.status, textOf(text, 'Code') ?? 'no code', what)
  }

  const call: S3Requests['call'] = async (method, request, take) => {
    const begun = performance.now()
    const pauseMs = (tries: number) =>
      performance.now() - begun < times.tryingMs ? times.pausesMs[tries - 1] : undefined
    try {
      return await retry(async () => take(await once(method, request)), { pauseMs, when: mayPass })
    } catch (error) {
      if (error instanceof S3Error && error.status === 404) throw error
      const Told = isFull(error) ? StoreFull : StoreUnavailable
      throw new Told((error as Error).message, { cause: error })
    }
  }
  return {
    call,
    text: (method, request) => call(method, request, ({ body }) => textFrom(body)),
    run: (method, request) => call(method, request, ({ body }) => discard(body)),
    close: () => agent.close(),
  }
}

/** Whether the same request may succeed later. */
const mayPass = (error: unknown): boolean =>
  error instanceof S3Error ? (error.status >= 500 && !isFull(error)) || error.status === 429 : true

/** In the words of the servers that have an end. */
const FULL = new Set(['InsufficientStorage', 'XMinioStorageFull', 'QuotaExceeded', 'QuotaExceededException'])
const isFull = (error: unknown): boolean => error instanceof S3Error && (error.status === 507 || FULL.has(error.code))

/** Of the answers of S3, which are XML without attributes where it matters: the text of the first element of this name. */
export function textOf(xml: string, tag: string): string | undefined {
  const found = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1]
  return found?.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
