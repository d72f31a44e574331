import { readFileSync } from 'node:fs'
import type { CodeRequest, Runtime, StoredFile } from '../../client/client.ts'
import { EXIT, ExitError } from '../exit.ts'
import { readFile } from '../service/connection.ts'
import { type RequestClient, type RequestOptions, requestOf } from './request.ts'

/** A job of a batch, and where it comes from, for people: `sum.py`, `job 3 of jobs.json`. */
export interface BatchEntry {
  name: string
  request: CodeRequest
}

/**
 * The jobs that files describe: a program each, or a JSON file's requests (a list, or `{"jobs": [...]}`), or one request in each line of
 * a JSONL file; `-` is standard input, in either form.
 * @param options go with the programs; requests in JSON say all themselves
 * @throws ExitError naming the file, and the line where one is wrong
 */
export async function entriesOf(
  files: readonly string[],
  options: RequestOptions,
  client: RequestClient,
): Promise<BatchEntry[]> {
  let runtimes: Promise<Runtime[]> | undefined
  const uploads = new Map<string | undefined, Promise<StoredFile>>()
  const asksOnce: RequestClient = {
    runtimes: () => (runtimes ??= client.runtimes()),
    files: {
      // Every program has the same files beside it, and no two of one name.
      put(content, put) {
        const made = uploads.get(put?.name) ?? client.files.put(content, put)
        uploads.set(put?.name, made)
        return made
      },
    },
  }
  const entries: BatchEntry[] = []
  for (const file of files) {
    if (file === '-') entries.push(...requestsIn('standard input', readFileSync(0).toString(), 'either'))
    else if (/\.json$/i.test(file)) entries.push(...requestsIn(file, readFile(file, 'the batch').toString(), 'json'))
    else if (/\.(jsonl|ndjson)$/i.test(file))
      entries.push(...requestsIn(file, readFile(file, 'the batch').toString(), 'lines'))
    else entries.push({ name: file, request: await requestOf(file, [], options, asksOnce) })
  }
  return entries
}

function requestsIn(source: string, text: string, form: 'json' | 'lines' | 'either'): BatchEntry[] {
  const wrong = (where: string, why: string) => new ExitError(EXIT.usage, `${where} ${why}`)
  const lines = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [{ line, number: i + 1 }]))
  if (form === 'lines' || (form === 'either' && lines.length > 1 && isJson(lines[0]?.line ?? ''))) {
    return lines.map(({ line, number }) => {
      const where = `line ${number} of ${source}`
      return {
        name: where,
        request: asRequest(
          parsed(line, (why) => wrong(where, why)),
          (why) => wrong(where, why),
        ),
      }
    })
  }
  const value = parsed(text, (why) => wrong(source, why))
  const jobs = Array.isArray(value) ? (value as unknown[]) : (value as { jobs?: unknown } | null)?.jobs
  if (!Array.isArray(jobs)) throw wrong(source, 'has no jobs; it must be a list of requests, or {"jobs": [...]}')
  return jobs.map((job: unknown, i) => {
    const name = `job ${i + 1} of ${source}`
    return { name, request: asRequest(job, (why) => wrong(name, why)) }
  })
}

function parsed(text: string, wrong: (why: string) => Error): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw wrong(`is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The service checks what it holds. */
function asRequest(value: unknown, wrong: (why: string) => Error): CodeRequest {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as CodeRequest
  throw wrong('is not a request; it must be an object like {"language": "python", "code": "..."}')
}
