import { STATUS_CODES } from 'node:http'
import { v7 as uuid } from 'uuid'
import type { Problem } from '../../shared/problems.ts'

/**
 * A whole HTTP answer with a problem, for a connection that has no response to write it with. The connection ends with it.
 * @returns the bytes, and the request id under which the log tells of it
 */
export function rawProblem(problem: Problem): { bytes: Buffer; requestId: string } {
  const body = Buffer.from(JSON.stringify(problem))
  const requestId = uuid()
  const headers: Record<string, string> = {
    ...problem.headers,
    Connection: 'close',
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(body.length),
    Date: new Date().toUTCString(),
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${lines.join('')}\r\n`
  return { bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]), requestId }
}
