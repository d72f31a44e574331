import { until } from '../until.ts'

const READY_MS = 60_000
/** Asked more often than this, the gateway would take it for too many requests. */
const POLL_MS = 150
/** What one answer has. */
const ANSWER_MS = 2_000

/**
 * Waits until the gateway answers that it can serve and a worker has reported the language.
 * @param headers that say who is calling
 * @param timeoutFactor `TIMEOUT_FACTOR`
 * @throws Error after a minute, so multiplied, and when `signal` aborts
 */
export async function waitUntilReady(
  url: string,
  headers: Record<string, string>,
  language: string,
  timeoutFactor: number,
  signal: AbortSignal,
): Promise<void> {
  const timeoutMs = READY_MS * timeoutFactor
  let lacking: string | undefined
  const isReady = async () => {
    lacking = await whatIsLacking(url, headers, language, ANSWER_MS * timeoutFactor)
    return lacking === undefined ? true : undefined
  }
  const fault = () => `not ready after ${timeoutMs / 1000} s: ${lacking ?? ''}`
  await until(isReady, { everyMs: POLL_MS, timeoutMs, signal, fault })
}

async function whatIsLacking(
  url: string,
  headers: Record<string, string>,
  language: string,
  answerMs: number,
): Promise<string | undefined> {
  try {
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(answerMs) })
    const text = await ready.text()
    if (!ready.ok) return `${url}/readyz answers ${ready.status} ${text}`
    const answer = await fetch(`${url}/v1/runtimes`, { headers, signal: AbortSignal.timeout(answerMs) })
    if (!answer.ok) return `${url}/v1/runtimes answers ${answer.status} ${await answer.text()}`
    const { runtimes } = (await answer.json()) as { runtimes: { language: string; installed: boolean }[] }
    const installed = runtimes.some((one) => one.language === language && one.installed)
    return installed ? undefined : `no worker has reported that it can run ${language}`
  } catch (error) {
    return `${url} does not answer (${error instanceof Error ? error.message : String(error)})`
  }
}
