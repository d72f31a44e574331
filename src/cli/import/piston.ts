import { alwaysOn, none, number, type Translate, ValueFault } from './translate.ts'

const ONE_USER = none('each sandbox has user ids of its own')
const SAME_LIMIT = none('the limits of the run stage hold for the compiler, too; it is given at least the defaults')
const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** A size as Express takes it: `100mb`. */
const bodyLimit: Translate = (value) => {
  const [, count = '', unit = 'b'] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(value) ?? []
  const factor = UNITS[unit.toLowerCase()]
  if (count === '' || factor === undefined) throw new ValueFault('it must be a size such as 100mb')
  return { settings: { MAX_BODY_BYTES: String(Math.floor(Number(count) * factor)) } }
}

const bindAddress: Translate = (value) => {
  const [, host = '', port = ''] = /^([\w.-]+|\[[\w.:%-]+\]):(\d{1,5})$/.exec(value) ?? []
  if (host === '') throw new ValueFault('it must be an address and a port, such as 127.0.0.1:2000')
  const isOpen = !/^(?:127\.|localhost$|\[::1\]$)/.test(host)
  return {
    settings: { HOST: host.replaceAll(/[[\]]/g, ''), PORT: port, ...(isOpen && { AUTH: 'required' }) },
    ...(isOpen && {
      note: 'an address that others reach needs keys: "npx runyard keys create --name NAME --tenant TENANT"',
    }),
  }
}

/** -1 is no limit there. @param why what holds instead */
const limited =
  (setting: string | readonly string[], why: string): Translate =>
  (value) =>
    Number(value) < 0 ? { why } : number(setting)(value)

const LEVELS: Readonly<Record<string, string>> = { DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' }

/** The environment of Piston's API. */
export const PISTON_VARIABLES: Readonly<Record<string, Translate>> = {
  PISTON_LOG_LEVEL: (value) => {
    const level = LEVELS[value.toUpperCase()]
    return level === undefined
      ? { why: 'LOG_LEVEL is debug, info, warn, error or another of pino' }
      : { settings: { LOG_LEVEL: level } }
  },
  PISTON_BIND_ADDRESS: bindAddress,
  PISTON_DATA_DIRECTORY: none('RUNYARD_DATA_DIR is the folder of its data; packages are images of podman'),
  PISTON_REQUEST_BODY_LIMIT: bodyLimit,
  PISTON_RUNNER_UID_MIN: ONE_USER,
  PISTON_RUNNER_UID_MAX: ONE_USER,
  PISTON_RUNNER_GID_MIN: ONE_USER,
  PISTON_RUNNER_GID_MAX: ONE_USER,
  PISTON_DISABLE_NETWORKING: alwaysOn('that programs have no network'),
  PISTON_MAX_PROCESS_COUNT: number(['DEFAULT_PROCESSES', 'MAX_PROCESSES']),
  PISTON_OUTPUT_MAX_SIZE: number(
    ['DEFAULT_OUTPUT_BYTES', 'MAX_OUTPUT_BYTES'],
    2,
    'twice as much: it holds for both streams together',
  ),
  PISTON_MAX_OPEN_FILES: number(['DEFAULT_OPEN_FILES', 'MAX_OPEN_FILES'], 1, 'of each process'),
  PISTON_MAX_FILE_SIZE: number(['DEFAULT_FILE_BYTES', 'MAX_FILE_BYTES'], 1, 'of all files together'),
  PISTON_COMPILE_TIMEOUT: number('MAX_COMPILE_WALL_MS'),
  PISTON_RUN_TIMEOUT: number('MAX_WALL_MS'),
  PISTON_COMPILE_CPU_TIME: SAME_LIMIT,
  PISTON_RUN_CPU_TIME: number('MAX_CPU_MS'),
  PISTON_COMPILE_MEMORY_LIMIT: SAME_LIMIT,
  PISTON_RUN_MEMORY_LIMIT: limited('MAX_MEMORY_BYTES', 'no job is without a memory limit: MAX_MEMORY_BYTES'),
  PISTON_REPO_URL: none('languages are made of the recipes in languages/: "npx runyard languages install"'),
  PISTON_MAX_CONCURRENT_JOBS: number(
    'WORKER_CONCURRENCY',
    1,
    'of each worker; more than the processors make every job slower',
  ),
  PISTON_LIMIT_OVERRIDES: none('limits of a language are "limits" in languages/LANGUAGE/language.json'),
}
