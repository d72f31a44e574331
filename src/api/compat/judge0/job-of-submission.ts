import { isUtf8 } from 'node:buffer'
import type { Language } from '../../../shared/language.ts'
import { effectiveLimits, KIB, type Limits, SECOND } from '../../../shared/limits.ts'
import { type CodeRequest, MAX_FILES, type RequestFile } from '../../../shared/requests.ts'
import { heldLimits } from '../system/held-limits.ts'
import { unzip, ZipFault } from '../system/zip.ts'
import type { FieldMessages, NumberField, Submission } from './fields.ts'
import { NUMBER_FIELDS, numberBounds } from './fields.ts'
import { MULTI_FILE_ID } from './languages.ts'

const MAX_EXTRACTED_KB = 10_240
/** Runs a program of several files as Judge0 does. */
const MULTI_FILE_SCRIPT = '.judge0-multi-file.sh'
const MULTI_FILE_PROGRAM = 'if [ -f compile ]; then /bin/bash compile || exit; fi\nexec /bin/bash run "$@"\n'

/** What is kept of a submission with its job, as `metadata.judge0`, to tell of it as Judge0 does. */
export interface KeptSubmission extends Record<NumberField, number> {
  language_id: number
  compiler_options: string | null
  command_line_arguments: string | null
  redirect_stderr_to_stdout: boolean
  per_process_time: boolean
  per_process_memory: boolean
  has_files: boolean
  callback_url: string | null
  /** What the program has to keep to, in the units of a job. */
  held: { cpuMs?: number; memoryBytes?: number }
}

/**
 * The job that a submission becomes.
 * @param messages gets what cannot be used, by field
 */
export function jobOfSubmission(
  submission: Submission,
  language: Language,
  limits: { defaults: Limits; ceilings: Limits },
  messages: FieldMessages,
): CodeRequest {
  const { language_id: id, source_code: source, stdin, expected_output: expected, additional_files: zip } = submission
  const refuse = (name: string, message: string) => void (messages[name] ??= []).push(message)
  const isMultiFile = id === MULTI_FILE_ID
  if (isMultiFile && source !== null && source.length > 0) refuse('source_code', 'must be blank')
  if (!isMultiFile && (source === null || source.length === 0)) refuse('source_code', "can't be blank")
  if (isMultiFile && (zip === null || zip.length === 0)) refuse('additional_files', "can't be blank")
  const { compiler_options: compilerOptions, command_line_arguments: argumentLine } = submission
  if (compilerOptions !== null && !language.compile?.argv.includes('{compilerArgs}')) {
    refuse('compiler_options', 'setting compiler options is only allowed for compiled languages')
  }
  if (expected !== null && !isUtf8(expected)) refuse('expected_output', 'must be UTF-8')

  const main: RequestFile = isMultiFile
    ? { path: MULTI_FILE_SCRIPT, content: MULTI_FILE_PROGRAM }
    : fileOf(language.fileName, source ?? Buffer.alloc(0))
  const others =
    zip === null || zip.length === 0 ? [] : additionalFiles(zip, refuse).filter(({ path }) => path !== main.path)
  // An interpreter that waits ready was started with the service's own stack, which is what a system usually gives it.
  const waits = language.prewarm !== undefined && !isMultiFile
  const { stack_limit: usualStack } = numberBounds(limits.defaults, limits.ceilings)
  const stack = submission.stack_limit ?? (waits ? null : usualStack.default)
  const { held, limits: ofJob } = heldLimits(
    {
      cpuMs: Math.max(1, submission.cpu_time_limit * SECOND),
      wallMs: submission.wall_time_limit * SECOND,
      ...(submission.memory_limit !== null && { memoryBytes: submission.memory_limit * KIB }),
      ...(stack !== null && { stackBytes: stack * KIB }),
      processes: submission.max_processes_and_or_threads,
    },
    language,
    limits.defaults,
    limits.ceilings,
  )
  const usual = effectiveLimits({}, language.limits, limits.defaults, limits.ceilings)
  const told = {
    memory_limit: submission.memory_limit ?? Math.floor(usual.memoryBytes / KIB),
    stack_limit: stack ?? Math.floor(usual.stackBytes / KIB),
  }
  const output = expected === null ? {} : { expectedOutput: expected.toString() }
  const runs = submission.number_of_runs
  return {
    language: language.id,
    files: [main, ...others],
    entrypoint: main.path,
    ...(stdin !== null && textOf(stdin)),
    ...(argumentLine !== null && { args: words(argumentLine) }),
    ...(compilerOptions !== null && { compilerArgs: words(compilerOptions) }),
    ...(runs > 1 ? { tests: Array.from({ length: runs }, () => output) } : output),
    limits: ofJob,
    metadata: { judge0: kept({ ...submission, ...told }, held) },
  }
}

const textOf = (bytes: Buffer): Pick<CodeRequest, 'stdin' | 'stdinEncoding'> =>
  isUtf8(bytes) ? { stdin: bytes.toString() } : { stdin: bytes.toString('base64'), stdinEncoding: 'base64' }

const fileOf = (path: string, bytes: Buffer): RequestFile =>
  isUtf8(bytes) ? { path, content: bytes.toString() } : { path, content: bytes.toString('base64'), encoding: 'base64' }

function additionalFiles(zip: Buffer, refuse: (name: string, message: string) => void): RequestFile[] {
  try {
    return unzip(zip, MAX_FILES - 1, MAX_EXTRACTED_KB * KIB).map(({ path, content }) => fileOf(path, content))
  } catch (error) {
    if (!(error instanceof ZipFault)) throw error
    refuse('additional_files', error.message)
    return []
  }
}

/** A line as words: white space parts them, and quotes hold them together, as in a shell. */
export function words(line: string): string[] {
  const found: string[] = []
  for (const [word] of line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|["'\\])+/g)) {
    found.push(
      word.replaceAll(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
        (whole, escaped?: string, double?: string, single?: string) =>
          escaped ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? single ?? whole,
      ),
    )
  }
  return found
}

function kept(
  submission: Submission & Record<NumberField, number>,
  { cpuMs, memoryBytes }: KeptSubmission['held'],
): KeptSubmission {
  const numbers = Object.fromEntries(NUMBER_FIELDS.map((name) => [name, submission[name]])) as Record<
    NumberField,
    number
  >
  return {
    ...numbers,
    language_id: submission.language_id,
    compiler_options: submission.compiler_options,
    command_line_arguments: submission.command_line_arguments,
    redirect_stderr_to_stdout: submission.redirect_stderr_to_stdout,
    per_process_time: submission.enable_per_process_and_thread_time_limit,
    per_process_memory: submission.enable_per_process_and_thread_memory_limit,
    has_files: submission.additional_files !== null,
    callback_url: submission.callback_url,
    held: { ...(cpuMs !== undefined && { cpuMs }), ...(memoryBytes !== undefined && { memoryBytes }) },
  }
}
