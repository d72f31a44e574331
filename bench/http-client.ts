import { Agent, type IncomingMessage, request } from 'node:http'
import { createParser } from 'eventsource-parser'

/** A client with kept-alive connections and no more work of its own than needed: what is measured is the service. */
export interface BenchClient {
  /** Posts JSON and reads text. @throws Error for any status but 200 to 202 */
  text(path: string, body: unknown, headers?: Record<string, string>): Promise<string>
  /** The same, and reads JSON. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Record<string, unknown>>
  /** Reads JSON. @throws Error for any status but 200 */
  get(path: string): Promise<Record<string, unknown>>
  /** Reads what it is. @throws as `get` */
  bytes(path: string): Promise<Buffer>
  /**
   * Posts a job to where its events are the answer, and reads them to their end.
   * @param output is told of each piece of standard output as it comes
   */
  stream(path: string, body: unknown, output: (text: string) => void): Promise<void>
  close(): void
}

/** @param common headers of every request, e.g. with a key */
export function createBenchClient(url: string, common: Record<string, string>): BenchClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const ask = (method: string, path: string, headers: Record<string, string | number>, body?: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(`${url}${path}`, { agent, method, headers: { ...common, ...headers } }, resolve)
      call.on('error', reject)
      call.end(body)
    })
  const jsonHeaders = (text: string) => ({
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  const bytesOf = async (response: IncomingMessage) => {
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }
  const textOf = async (response: IncomingMessage) => (await bytesOf(response)).toString()
  const send: BenchClient['text'] = async (path, body, headers = {}) => {
    const text = JSON.stringify(body)
    const response = await ask('POST', path, { ...jsonHeaders(text), ...headers }, text)
    const answer = await textOf(response)
    if ([200, 201, 202].includes(response.statusCode ?? 0)) return answer
    throw new Error(`${path} answered ${response.statusCode}: ${answer}`)
  }
  return {
    text: send,
    post: async (path, body, headers) => JSON.parse(await send(path, body, headers)) as Record<string, unknown>,
    async get(path) {
      const response = await ask('GET', path, {})
      const answer = await textOf(response)
      if (response.statusCode === 200) return JSON.parse(answer) as Record<string, unknown>
      throw new Error(`${path} answered ${response.statusCode}: ${answer}`)
    },
    async bytes(path) {
      const response = await ask('GET', path, {})
      const answer = await bytesOf(response)
      if (response.statusCode === 200) return answer
      throw new Error(`${path} answered ${response.statusCode}: ${answer.toString()}`)
    },
    async stream(path, body, output) {
      const text = JSON.stringify(body)
      const response = await ask('POST', path, jsonHeaders(text), text)
      if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}`)
      const parser = createParser({
        onEvent({ event, data }) {
          if (event === 'stdout') output((JSON.parse(data) as { data: string }).data)
        },
      })
      for await (const chunk of response) parser.feed((chunk as Buffer).toString())
    },
    close: () => agent.destroy(),
  }
}
