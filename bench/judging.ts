import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { machineLoad } from '../src/worker/judging/machine-load.ts'
import { type Entries, tar } from '../tests/support/archives.ts'
import type { BenchClient } from './http-client.ts'
import { temporaryFolder } from './release-at-signal.ts'
import { median } from './statistics.ts'

export interface JudgingRow {
  language: string
  tests: number
  cpuMs: number
  rounds: number
  /** Of the machine for each processor, before the first round. */
  load: number
  /** The program alone, on this host, one test after another. */
  bareMs: number
  /** One submission, compiled before, from its request to its verdict. */
  judgedMs: number
  ratio: number
  /** So many at the same time, to the last verdict. */
  atOnce: number
  atOnceMs: number
  /** How much sooner than one after another, for each processor. */
  scaling: number
}

/** Languages in which the program can be written. */
export const JUDGED = ['cpp', 'c']
const TESTS = 100
const CPU_MS = 20
const AT_ONCE = 8
/** Each beside a bare run, so that both meet the same machine. */
const ROUNDS = 5
/** Uses its CPU time whatever the machine is. */
const PROGRAM = `
#include <stdio.h>
#include <time.h>
int main(void) {
  long number;
  if (scanf("%ld", &number) != 1) return 1;
  while (clock() < ${CPU_MS} * (CLOCKS_PER_SEC / 1000)) {}
  printf("%ld\\n", 2 * number);
  return 0;
}`
const ARGS = ['-O2', '-static']
const WAIT = { prefer: 'wait=60' }

interface Submitted {
  id: string
  status: string | null
}

/**
 * Judges a program that takes little time on many tests, beside the program alone.
 * @param language one of `JUDGED`
 * @param tell told of each step
 */
export async function measureJudging(
  client: BenchClient,
  language: string,
  tell: (step: string) => void,
): Promise<JudgingRow> {
  const files = Array.from({ length: TESTS }, (_, index): Entries => [
    [`${index}.in`, `${index}\n`],
    [`${index}.ans`, `${2 * index}\n`],
  ]).flat()
  const stored = await client.post('/v1/problems', { name: 'Double', archive: tar(files).toString('base64') })
  const program = { language, code: PROGRAM, compilerArgs: ARGS }
  const submission = { ...program, problem: stored['id'] }
  const folder = await temporaryFolder('runyard-bench-')
  const binary = join(folder.path, 'program')
  try {
    tell('compiling')
    const request = { ...program, stdin: '1', artifacts: ['a.out'] }
    const built = (await client.post('/v1/jobs', request, WAIT)) as unknown as Submitted
    await writeFile(binary, await client.bytes(`/v1/jobs/${built.id}/artifacts/a.out`), { mode: 0o755 })
    const judge = async () => {
      let job = (await client.post('/v1/jobs', submission, WAIT)) as unknown as Submitted
      while (job.status === null) job = (await client.get(`/v1/jobs/${job.id}?wait=60`)) as unknown as Submitted
      if (job.status !== 'succeeded') throw new Error(`the submission ends as ${job.status}`)
    }
    await judge()
    const load = machineLoad()
    const [bare, judged, atOnce]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      tell(`round ${round + 1} of ${ROUNDS}`)
      bare.push(await timed(() => runBare(binary)))
      judged.push(await timed(judge))
      atOnce.push(await timed(() => Promise.all(Array.from({ length: AT_ONCE }, judge))))
    }
    const [bareMs, judgedMs, atOnceMs] = [median(bare), median(judged), median(atOnce)]
    return {
      language,
      tests: TESTS,
      cpuMs: CPU_MS,
      rounds: ROUNDS,
      load,
      bareMs,
      judgedMs,
      ratio: judgedMs / bareMs,
      atOnce: AT_ONCE,
      atOnceMs,
      scaling: (AT_ONCE * judgedMs) / atOnceMs / availableParallelism(),
    }
  } finally {
    await folder.remove()
  }
}

async function runBare(binary: string): Promise<void> {
  for (let index = 0; index < TESTS; index++) {
    const output = await new Promise<string>((resolve, reject) => {
      const child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] })
      let text = ''
      child.stdout.on('data', (piece: Buffer) => (text += piece.toString()))
      child.on('error', reject)
      child.on('close', () => resolve(text))
      child.stdin.end(`${index}\n`)
    })
    if (output !== `${2 * index}\n`) throw new Error(`the program printed ${JSON.stringify(output)}`)
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}
