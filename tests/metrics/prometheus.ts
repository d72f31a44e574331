import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownPort } from '../support/own-port.ts'
import { readDoc } from '../docs/tables.ts'
import { testRoot } from '../support/platform.ts'

/** A Prometheus that runs with the example of its configuration. */
export interface Prometheus {
  /** How many series a query finds. @throws Error when it is none that can be read */
  series: (expr: string) => Promise<number>
  /** The alerts that fire. @throws Error when a rule cannot be evaluated */
  firing: () => Promise<string[]>
  close: () => Promise<void>
}

/**
 * Resolves when it has scraped both.
 * @param targets where gateway and worker are scraped, as `host:port`; every half second
 */
export async function startPrometheus(targets: { gateway: string; worker: string }): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-prometheus-'))
  const config = readDoc('deploy/prometheus/prometheus.yml')
    .replace('127.0.0.1:9464', targets.gateway)
    .replace('127.0.0.1:9465', targets.worker)
    .replaceAll(/interval: 15s/g, 'interval: 500ms')
    .replace('- alerts.yml', `- ${join(testRoot, 'deploy/prometheus/alerts.yml')}`)
  const file = join(folder, 'prometheus.yml')
  writeFileSync(file, config)
  const port = await ownPort()
  const options = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]
  const child = spawn('prometheus', options, { stdio: 'ignore' })
  const exited = once(child, 'exit').catch((error: unknown) => {
    throw new Error(`prometheus does not run (${(error as Error).message}); apt-get install prometheus`)
  })
  const url = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 50))
  while (!(await isReady()))
    await Promise.race([wait(), exited.then(() => Promise.reject(new Error('prometheus ended')))])

  const ask = async <T>(path: string): Promise<T> => {
    const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { status: string; data: T; error?: string }
    if (answer.status !== 'success') throw new Error(answer.error)
    return answer.data
  }
  const series = async (expr: string) =>
    (await ask<{ result: unknown[] }>(`query?query=${encodeURIComponent(expr)}`)).result.length
  // What happens before it has looked once is never a rise.
  while ((await series('up == 1')) < 2) await wait()
  return {
    series,
    async firing() {
      interface Rule {
        name: string
        state: string
        health: string
        lastError?: string
      }
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>('rules')
      const rules = groups.flatMap((group) => group.rules)
      const faulty = rules.find(({ health }) => health === 'err')
      if (faulty) throw new Error(`${faulty.name}: ${faulty.lastError}`)
      return rules.filter(({ state }) => state === 'firing').map(({ name }) => name)
    },
    async close() {
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true })
    },
  }
}
