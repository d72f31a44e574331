import { Agent, request } from 'node:http'

/** A client with kept-alive connections and no more work of its own than needed: what is measured is the service. */
export interface BenchClient {
  /** Posts JSON and reads JSON. @throws Error for any status but 200 */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Record<string, unknown>>
  close(): void
}

export function createBenchClient(url: string): BenchClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return {
    post: (path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const text = JSON.stringify(body)
        const call = request(
          `${url}${path}`,
          {
            agent,
            method: 'POST',
            headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
          },
          (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('end', () => {
              const answer = Buffer.concat(chunks).toString()
              if (response.statusCode === 200) resolve(JSON.parse(answer) as Record<string, unknown>)
              else reject(new Error(`${path} answered ${response.statusCode}: ${answer}`))
            })
          },
        )
        call.on('error', reject)
        call.end(text)
      }),
    close: () => agent.destroy(),
  }
}
