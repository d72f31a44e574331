// Ends with 0 when the service of this container does its work, else with 1 and a sentence. For health checks:
//
//   node scripts/healthy.mjs api      the gateway answers
//   node scripts/healthy.mjs worker   the worker answers, and its container engine makes sandboxes
const ANSWER_MS = 4_000

async function ask(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) })
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
  return await answer.text()
}

const CHECKS = {
  api: () => ask(`http://127.0.0.1:${process.env.PORT ?? 3000}/healthz`),
  worker: async () => {
    const port = process.env.WORKER_METRICS_PORT
    if (!port) throw new Error('WORKER_METRICS_PORT is not set')
    const metrics = await ask(`http://127.0.0.1:${port}/metrics`)
    if (!/^runyard_engine_up 1$/m.test(metrics)) throw new Error('the container engine makes no sandboxes')
  },
}

const [name] = process.argv.slice(2)
try {
  const check = CHECKS[name]
  if (!check) throw new Error(`"${name}" is not known; allowed are ${Object.keys(CHECKS).join(' and ')}`)
  await check()
} catch (error) {
  console.error(`not healthy: ${error.cause?.message ?? error.message}`)
  process.exitCode = 1
}
