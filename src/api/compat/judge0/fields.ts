import { KIB, type Limits, SECOND } from '../../../shared/limits.ts'

/** What is wrong with a submission, by field, as Judge0 tells it. */
export type FieldMessages = Record<string, string[]>

/** Numbers of a submission: `[default, least, most]`, in Judge0's own units: seconds and KB. */
const NUMBERS = {
  number_of_runs: [1, 1, 20],
  cpu_time_limit: [5, 0, 15],
  cpu_extra_time: [1, 0, 5],
  wall_time_limit: [10, 1, 20],
  memory_limit: [512_000, 2048, 512_000],
  stack_limit: [64_000, 0, 128_000],
  max_processes_and_or_threads: [60, 1, 120],
  max_file_size: [1024, 0, 4096],
} as const satisfies Record<string, readonly [number, number, number]>

export type NumberField = keyof typeof NUMBERS
export const NUMBER_FIELDS = Object.keys(NUMBERS) as NumberField[]
const WHOLE: readonly NumberField[] = [
  'number_of_runs',
  'memory_limit',
  'stack_limit',
  'max_processes_and_or_threads',
  'max_file_size',
]

const FLAGS = [
  'enable_per_process_and_thread_time_limit',
  'enable_per_process_and_thread_memory_limit',
  'redirect_stderr_to_stdout',
  'enable_network',
] as const
export type Flag = (typeof FLAGS)[number]

const TEXTS = [
  'source_code',
  'compiler_options',
  'command_line_arguments',
  'stdin',
  'expected_output',
  'callback_url',
  'additional_files',
] as const
type TextField = (typeof TEXTS)[number]

/** Those that are base64 when a request says so. */
const ENCODED: readonly TextField[] = ['source_code', 'stdin', 'expected_output']
const MAX_OPTIONS_LENGTH = 512

/** Numbers whose default depends on the language: null where none was asked for, so that what waits ready can be had. */
const OPEN_NUMBERS = ['memory_limit', 'stack_limit'] as const
type OpenNumber = (typeof OPEN_NUMBERS)[number]

/** A submission with its defaults; texts as bytes where they may be any. */
export interface Submission
  extends Record<Exclude<NumberField, OpenNumber>, number>, Record<OpenNumber, number | null>, Record<Flag, boolean> {
  language_id: number
  source_code: Buffer | null
  stdin: Buffer | null
  expected_output: Buffer | null
  additional_files: Buffer | null
  compiler_options: string | null
  command_line_arguments: string | null
  callback_url: string | null
}

/** The bounds of the numbers, of which a caller's ceilings may lower the upper ones. */
export type NumberBounds = Record<NumberField, { default: number; least: number; most: number }>

/**
 * The default of memory is the service's own, whatever Judge0's is: sandboxes of that size wait ready.
 * @param ceilings of the caller
 */
export function numberBounds(defaults: Limits, ceilings: Limits): NumberBounds {
  const memory = Math.floor(defaults.memoryBytes / KIB)
  const lower: Partial<Record<NumberField, number>> = {
    cpu_time_limit: ceilings.cpuMs / SECOND,
    wall_time_limit: ceilings.wallMs / SECOND,
    memory_limit: Math.floor(ceilings.memoryBytes / KIB),
    stack_limit: Math.floor(ceilings.stackBytes / KIB),
    max_processes_and_or_threads: ceilings.processes,
  }
  const bounds = NUMBER_FIELDS.map((name) => {
    const [judge0Default, least, highest] = NUMBERS[name]
    const usual = name === 'memory_limit' ? memory : judge0Default
    const most = Math.min(Math.max(highest, usual), lower[name] ?? Infinity)
    return [name, { default: Math.min(usual, most), least, most }]
  })
  return Object.fromEntries(bounds) as NumberBounds
}

/**
 * Reads a submission as Judge0 does: what it does not know it leaves alone, numbers may be text, `null` and `""` are absent.
 * @param isEncoded whether texts are base64
 * @returns with messages for what cannot be used; the submission counts only without any
 */
export function readSubmission(
  body: Readonly<Record<string, unknown>>,
  isEncoded: boolean,
  bounds: NumberBounds,
): { submission: Submission; messages: FieldMessages } {
  const messages: FieldMessages = {}
  const refuse = (name: string, message: string) => void (messages[name] ??= []).push(message)
  const given = (name: string): unknown => (Object.hasOwn(body, name) ? (body[name] ?? undefined) : undefined)

  const numberOf = (name: string, isWhole: boolean): number | undefined => {
    const value = given(name)
    if (value === undefined || value === '') return undefined
    const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN
    if (Number.isNaN(number)) refuse(name, 'is not a number')
    else if (isWhole && !Number.isSafeInteger(number)) refuse(name, 'must be an integer')
    else return number
    return undefined
  }
  const numbers = NUMBER_FIELDS.map((name) => {
    const { default: usual, least, most } = bounds[name]
    const asked = numberOf(name, WHOLE.includes(name))
    if (asked === undefined) return [name, OPEN_NUMBERS.some((one) => one === name) ? null : usual]
    if (asked < least) refuse(name, `must be greater than or equal to ${least}`)
    if (asked > most) refuse(name, `must be less than or equal to ${most}`)
    return [name, asked]
  })
  const flags = FLAGS.map((name) => {
    const value = given(name)
    return [
      name,
      value !== undefined && !['', false, 0, '0', 'f', 'F', 'false', 'FALSE', 'off', 'OFF'].includes(value as string),
    ]
  })
  const texts = Object.fromEntries(
    TEXTS.map((name) => {
      const value = given(name)
      if (value === undefined || typeof value === 'string') return [name, value ?? null]
      if (typeof value === 'number' || typeof value === 'boolean') return [name, String(value)]
      refuse(name, 'must be a string')
      return [name, null]
    }),
  ) as Record<TextField, string | null>
  const bytes = (name: TextField, encoded: boolean): Buffer | null => {
    const text = texts[name]
    return text === null ? null : Buffer.from(text, encoded ? 'base64' : 'utf8')
  }
  const options = (name: 'compiler_options' | 'command_line_arguments') => {
    const text = texts[name]
    if (text !== null && text.length > MAX_OPTIONS_LENGTH) {
      refuse(name, `is too long (maximum is ${MAX_OPTIONS_LENGTH} characters)`)
    }
    if (text?.includes('\0')) refuse(name, 'must not contain a NUL character')
    return text === '' ? null : text
  }

  const languageId = numberOf('language_id', true)
  if (languageId === undefined && messages['language_id'] === undefined) refuse('language_id', "can't be blank")
  const of = (name: TextField) => bytes(name, isEncoded && ENCODED.includes(name))
  const submission = {
    language_id: languageId ?? 0,
    ...(Object.fromEntries(numbers) as Pick<Submission, NumberField>),
    ...(Object.fromEntries(flags) as Record<Flag, boolean>),
    source_code: of('source_code'),
    stdin: of('stdin'),
    expected_output: of('expected_output'),
    additional_files: bytes('additional_files', true),
    compiler_options: options('compiler_options'),
    command_line_arguments: options('command_line_arguments'),
    callback_url: texts.callback_url === '' ? null : texts.callback_url,
  }
  if (submission.enable_network) refuse('enable_network', 'this option cannot be enabled')
  return { submission, messages }
}
