import { text } from 'node:stream/consumers'
import type { Runtime } from '../../client/client.ts'
import {
  addressFrom,
  addressOf,
  checkedKey,
  connect,
  type Connection,
  type ConnectionOptions,
  connectTo,
  keyGiven,
} from '../service/connection.ts'
import { explain } from '../service/explain.ts'
import type { JobCommandDeps } from '../jobs/jobs.ts'
import { plain } from '../paint.ts'
import { ask } from './ask.ts'
import { loginFile, normalUrl, readLogin, removeLogin, type StoredLogin, writeLogin } from '../service/stored-login.ts'

type Deps = Pick<JobCommandDeps, 'context' | 'env' | 'streams' | 'stdin'>
type Options = ConnectionOptions & { json?: boolean }

/**
 * `runyard login`: stores a service and a key, once the service has taken the key. What no option names is asked for at a terminal;
 * elsewhere the key is standard input.
 * @throws ExitError when the service cannot be reached or does not take the key; nothing is stored then
 */
export async function login(options: Options, deps: Deps): Promise<void> {
  const { env, streams } = deps
  const stdin = deps.stdin()
  const questions = { stdin, stderr: streams.stderr }
  const known = await addressOf(options, deps, () => storedNow(env))
  const asked = options.url === undefined && stdin.isTTY ? await ask(`Service [${known.url}]: `, questions) : ''
  const address = asked === '' ? known : addressFrom(asked, 'the service entered')
  const { url } = address
  const given = keyGiven(options, {}, streams.note)
  let key = given?.key
  if (key === undefined) {
    const question = 'API key (not shown; empty where none is needed): '
    const typed = stdin.isTTY ? await ask(question, { ...questions, secret: true }) : (await text(stdin)).trim()
    if (typed !== '') key = checkedKey(typed, 'what was given')
  }
  const source = given?.source ?? (stdin.isTTY ? 'the key entered' : 'standard input')
  const connection = connectTo(address, key === undefined ? undefined : { key, source }, streams.note)
  await languagesOf(connection, '--url')
  const stored = { url: normalUrl(url), ...(key !== undefined && { key }) }
  const file = writeLogin(env, stored)
  if (env['RUNYARD_URL']) streams.note('RUNYARD_URL is set: commands use it instead of the stored service')
  if (env['RUNYARD_KEY']) streams.note('RUNYARD_KEY is set: commands use it instead of the stored key')
  if (options.json) return show(deps, { url: stored.url, keyId: keyId(key), file })
  streams.stdout.write(`Logged in to ${stored.url} ${keyWords(key)}; stored in ${file}\n`)
}

/** The login that is about to be replaced or removed; one that is damaged is none. */
function storedNow(env: Deps['env']): StoredLogin | undefined {
  try {
    return readLogin(env, () => undefined)
  } catch {
    return undefined
  }
}

/** `runyard whoami`. @throws ExitError when the service cannot be reached or does not take the key */
export async function whoami(options: Options, deps: Deps): Promise<void> {
  const { env, streams } = deps
  const connection = await connect(options, env, deps.context, streams.note)
  const runtimes = await languagesOf(connection)
  const { url, key, sources } = connection
  const installed = runtimes.filter((one) => one.installed).map(({ language }) => language)
  const ceilings = runtimes[0]?.ceilings ?? null
  if (options.json) {
    const { url: urlSource, key: keySource } = sources
    return show(deps, {
      url,
      urlSource,
      keyId: keyId(key),
      keySource: keySource ?? null,
      ceilings,
      languages: installed,
    })
  }
  const paint = streams.paint ?? plain
  const rows: [string, string][] = [
    ['Service', `${url} (${sources.url})`],
    [
      'Key',
      key === undefined
        ? 'none; the service needs none'
        : `${keyId(key) ?? 'in an unknown format'} (${sources.key}), valid`,
    ],
    ['Languages', installed.join(', ') || 'none installed'],
    ...(ceilings === null
      ? []
      : [
          [
            'Limits',
            `at most ${ceilings.wallMs} ms, ${ceilings.memoryBytes / 2 ** 20} MiB of memory, ${ceilings.processes} processes a job`,
          ] as [string, string],
        ]),
  ]
  streams.stdout.write(rows.map(([name, value]) => `${paint('bold', name.padEnd(10))} ${value}\n`).join(''))
}

/** `runyard logout`. The key stays valid: only an operator revokes it. */
export async function logout({ json }: { json?: boolean }, deps: Deps): Promise<void> {
  const { env, streams } = deps
  const file = loginFile(env)
  const url = storedNow(env)?.url ?? null
  // One that is damaged goes too.
  const removed = removeLogin(env)
  if (env['RUNYARD_KEY']) streams.note('RUNYARD_KEY is still set')
  if (json) return show(deps, { url, file })
  const nothing = removed ? `No usable login was stored; removed ${file}` : 'No login was stored'
  const words = url === null ? nothing : `Logged out of ${url}; the key itself stays valid until an operator revokes it`
  streams.stdout.write(`${words}\n`)
}

function show({ streams }: Deps, value: object): void {
  streams.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** A request that any valid key may make. @param choices how another service is chosen @throws ExitError */
async function languagesOf(connection: Connection, choices?: string): Promise<Runtime[]> {
  return await connection.client.runtimes().catch((error: unknown) => {
    throw explain(error, connection, 'login', [], choices)
  })
}

/** The public part of a key, which `runyard keys list` shows too; null when it has another form. */
const keyId = (key: string | undefined): string | null => /^ry_([0-9a-f]{12})_/.exec(key ?? '')?.[1] ?? null

const keyWords = (key: string | undefined) =>
  key === undefined ? 'without a key' : `with the key ${keyId(key) ?? 'that was given'}`
