import diagnostics from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, afterEach, expect } from '@jest/globals'
import type { Exchange } from './conformance.ts'
import { loadServices } from './load-services.ts'
import { noteFault, takeNotedFaults } from './noted-faults.ts'

/**
 * Holds every answer of every gateway that runs in a test file to the OpenAPI document: a status, a header, a content type or
 * a body that the document does not know fails the test. It looks at the server's side, so that it does not matter by
 * what a test calls: each response is noted as it is written, and looked at when the test is over.
 */
const CHANNEL = 'http.server.request.start'
/** What is noted at most before it is looked at, in bytes. */
const MOST_NOTED = 32 * 1024 * 1024

let noted: Exchange[] = []
let notedBytes = 0
let checking = Promise.resolve()
/** How many responses have ended and are not noted yet: their events come later than their last bytes. */
let ending = 0
/** A response that nobody reads does not come to its end. */
const MOST_TURNS = 100
/** Which of the test files of this process is being run. */
let file = 0

async function check(): Promise<void> {
  const exchanges = noted
  noted = []
  notedBytes = 0
  if (exchanges.length === 0) return
  const { faultsOf, plainBody } = await loadServices()
  for (const exchange of exchanges) {
    const body = exchange.complete ? plainBody(exchange.body, exchange.headers['content-encoding']) : exchange.body
    for (const fault of faultsOf({ ...exchange, body })) noteFault(fault)
  }
}

function watch(message: unknown): void {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
  const ofFile = file
  const { method = '', url = '' } = request
  const chunks: Buffer[] = []
  const keep = (chunk: unknown, encoding: unknown) => {
    if (typeof chunk === 'string')
      chunks.push(Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'))
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  }
  const write = response.write.bind(response) as (...all: unknown[]) => boolean
  const end = response.end.bind(response) as (...all: unknown[]) => ServerResponse
  // Their overloads are those of the originals.
  response.write = ((...args: unknown[]) => {
    keep(args[0], args[1])
    return write(...args)
  }) as ServerResponse['write']
  let isEnding = false
  let isOver = false
  response.end = ((...args: unknown[]) => {
    keep(args[0], args[1])
    if (!isEnding && !isOver) ending++
    isEnding = true
    return end(...args)
  }) as ServerResponse['end']
  const note = () => {
    response.off('finish', note).off('close', note)
    isOver = true
    if (isEnding) ending--
    if (ofFile !== file) return
    const headers = response.getHeaders()
    // Only a whole gateway answers with both; tests have servers that are no gateways, or parts of one.
    if (headers['x-request-id'] === undefined || headers['content-security-policy'] === undefined) return
    if (!response.headersSent) return
    const body = Buffer.concat(chunks)
    // A host name may stand for the path of another system.
    const { baseUrl: place = '' } = request as { baseUrl?: string }
    noted.push({
      method,
      url: url.startsWith(place) ? url : `${place}${url}`,
      status: response.statusCode,
      headers,
      body,
      complete: response.writableFinished,
    })
    notedBytes += body.length
    if (notedBytes > MOST_NOTED) checking = checking.then(check)
  }
  response.once('finish', note).once('close', note)
}

/** What was found wrong since it was last asked for. */
export async function takeFaults(): Promise<string[]> {
  for (let turn = 0; ending > 0 && turn < MOST_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
  checking = checking.then(check)
  await checking
  return takeNotedFaults()
}

/** Watches until all tests of the file that is being run are over. */
export function watchTestFile(): void {
  file++
  noted = []
  takeNotedFaults()
  diagnostics.subscribe(CHANNEL, watch)
  afterEach(async () => expect(await takeFaults()).toEqual([]))
  afterAll(() => void diagnostics.unsubscribe(CHANNEL, watch))
}
