import { mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, resolve, sep } from 'node:path'
import type { Client, Job } from '../../client/client.ts'
import { EXIT, ExitError } from '../exit.ts'
import { plain, statusFormat } from '../paint.ts'
import { writeFile, writePieces } from '../service/connection.ts'
import { printable, second } from '../table.ts'
import { bytesOf, type Streams, verdict } from './show-events.ts'

/** What `runyard get --output` writes. */
export const OUTPUTS = ['summary', 'json', 'stdout', 'stderr', 'artifacts'] as const

export interface GetOptions {
  output: (typeof OUTPUTS)[number]
  /** A file, of artifacts a folder; standard output, of artifacts the working folder, when it is absent. */
  to?: string
  json?: boolean
}

/**
 * Writes what was asked for of a job, byte for byte.
 * @throws ExitError when a file cannot be written; RunyardError when an artifact cannot be read
 */
export async function showJob(
  job: Job,
  { output, to, json = false }: GetOptions,
  client: Pick<Client, 'artifactStream'>,
  streams: Streams,
): Promise<void> {
  if (output === 'artifacts') return await saveArtifacts(job, to ?? '.', client, streams)
  if (output !== 'summary' && output !== 'json' && job.status === null) {
    streams.note(
      `the job is ${job.state} and has no output yet; --wait waits for its end, runyard logs shows the output so far`,
    )
  }
  const bytes = contentOf(job, json ? 'json' : output, to === undefined ? streams : { ...streams, paint: plain })
  if (to === undefined) streams.stdout.write(bytes)
  else writeFile(to, bytes, '--to')
}

function contentOf(job: Job, output: Exclude<GetOptions['output'], 'artifacts'>, streams: Streams): Uint8Array {
  const ran = job.stages.filter(({ name }) => name !== 'compile')
  switch (output) {
    case 'json':
      return Buffer.from(`${JSON.stringify(job, null, 2)}\n`)
    case 'summary':
      return Buffer.from(`${portrait(job, streams)}\n`)
    case 'stdout':
      return Buffer.concat(ran.map(({ stdout, stdoutBase64 }) => bytesOf(stdout, stdoutBase64)))
    case 'stderr': {
      // As `run` and `logs` show it: what a compiler says is on standard error.
      const compiled = job.stages.filter(({ name }) => name === 'compile')
      const said = compiled.map(({ output: text, outputBase64 }) => bytesOf(text, outputBase64))
      return Buffer.concat([...said, ...ran.map(({ stderr, stderrBase64 }) => bytesOf(stderr, stderrBase64))])
    }
  }
}

/**
 * Paths are chosen by programs: nothing is written outside of the folder, through links neither, and nothing that is there is
 * written over.
 */
async function saveArtifacts(
  job: Job,
  folder: string,
  client: Pick<Client, 'artifactStream'>,
  { stdout, note }: Streams,
): Promise<void> {
  const artifacts = job.artifacts ?? []
  if (job.status === null) note(`the job is ${job.state}; its files appear when it has ended; --wait waits for that`)
  else if (artifacts.length === 0) note('the job has no files; --artifact GLOB of run and submit keeps some')
  for (const { path } of artifacts) {
    const target = resolve(folder, path)
    if (!isWithin(target, resolve(folder)) || !isWithin(realPath(dirname(target)), realPath(resolve(folder)))) {
      throw new ExitError(EXIT.cannotWrite, `${printable(path)} is outside of ${folder} and was not written`)
    }
    makeFolder(dirname(target))
    const bytes = await writePieces(target, client.artifactStream(job.id, path), '--to', 'wx')
    stdout.write(`${printable(target)} (${bytes} bytes)\n`)
  }
}

const isWithin = (path: string, folder: string) =>
  `${path}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)

/** Where a path leads, links followed; of one that is not there yet, where its nearest parent leads. @throws ExitError */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) return resolve(realPath(dirname(path)), basename(path))
    throw new ExitError(EXIT.cannotWrite, `--to: ${path}: ${message}`)
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    throw new ExitError(EXIT.cannotWrite, `--to: the folder ${path} cannot be made: ${(error as Error).message}`)
  }
}

function portrait(job: Job, { paint = plain }: Streams): string {
  const state = job.status === null ? job.state : `${job.state}: ${job.status}`
  const text = job.status === null ? undefined : verdict(job)
  const message = text === undefined ? undefined : printable(text)
  const rows: [string, string | undefined][] = [
    ['Job', job.id],
    ['State', paint(statusFormat(job.status ?? job.state), state)],
    ['', message],
    ['Runs', printable(job.image ?? `${job.language ?? ''} ${job.version ?? ''}`.trim())],
    ['Submitted', `${second(job.createdAt)} UTC`],
    ['Started', job.startedAt === null ? undefined : `${second(job.startedAt)} UTC`],
    ['Ended', job.finishedAt === null ? undefined : `${second(job.finishedAt)} UTC`],
    ['Attempt', job.attempt > 1 ? String(job.attempt) : undefined],
    ...job.stages.map((stage): [string, string] => [
      `Stage ${stage.name}`,
      [
        ...(stage.test?.name == null ? [] : [printable(stage.test.name)]),
        stage.signal ?? `exit code ${stage.exitCode ?? '-'}`,
        `${stage.wallMs.toFixed(0)} ms (CPU ${stage.cpuMs.toFixed(0)} ms)`,
        `${(stage.memoryPeakBytes / 2 ** 20).toFixed(1)} MiB`,
        `${stage.stdoutBytes + stage.stderrBytes} bytes of output`,
      ].join(', '),
    ]),
    ...(job.artifacts ?? []).map(({ path, bytes }): [string, string] => [
      'File',
      `${printable(path)} (${bytes} bytes)`,
    ]),
  ]
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${paint('bold', name.padEnd(12))} ${value}`],
  )
  return lines.join('\n')
}
