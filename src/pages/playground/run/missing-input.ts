import type { CodeRequest } from '../../../shared/requests.ts'
import type { JobSummary, Status } from '../../../shared/job.ts'

/** How programs read standard input, by language. */
const READS: Record<string, RegExp> = {
  bash: /(?:^|[\s;|&(])(?:read|mapfile|readarray|select)\s|\/dev\/stdin|^\s*cat\s*$/m,
  c: /\b(?:scanf|getchar|getline|gets|stdin|STDIN_FILENO)\b|\bread\s*\(\s*0\b/,
  cpp: /\b(?:cin|scanf|getchar|gets|stdin)\b/,
  go: /\bos\.Stdin\b|\bfmt\.Scan/,
  javascript: /process\.stdin|\/dev\/stdin|read(?:File)?Sync\(\s*0\b|\bprompt\s*\(|Bun\.stdin|Deno\.stdin/,
  python: /(?<![\w.])input\s*\(|\bsys\.stdin\b|\bfileinput\b|\bopen\(\s*0\b|\/dev\/stdin/,
  ruby: /(?<![\w.])(?:gets|readlines?)\b|\$stdin|\b(?:STDIN|ARGF)\b/,
  rust: /\bstdin\s*\(|\bread_line\b/,
}
READS['typescript'] = READS['javascript'] as RegExp

/** The same where the language is not known. */
const READS_SOMEHOW =
  /\b(?:stdin|STDIN|System\.in|Console\.(?:In|Read\w*)|readLine|read_line|readline|getLine|gets|scanf|fgets\(STDIN)\b|<STDIN>/i

/** What runtimes say when their input is at its end. */
const SAYS_END =
  /\bEOFError\b|\bEOFException\b|\bEnd_Error\b|NoSuchElementException|No line found|\bunexpected EOF\b|\bUnexpectedEof\b|end[- ]of[- ](?:file|input)\b|^EOF\b|[:\s]EOF\s*$/im

/** How a program ends that lacks its input; a program that went well may only have meant to look. */
const CAN_LACK: readonly Status[] = [
  'failed',
  'signalled',
  'succeeded',
  'wall-time-limit',
  'output-limit',
  'cpu-time-limit',
]

/**
 * Whether a job ended as programs do that read standard input and got none.
 * @param request as it was submitted
 * @param errors the end of what it wrote to stderr
 */
export function lacksInput(request: CodeRequest | null, job: JobSummary | null, errors: string): boolean {
  if (!request || !job?.status || !CAN_LACK.includes(job.status)) return false
  if ((request.stdin ?? '') !== '' || request.interactive || request.tests) return false
  if (job.status === 'failed' && SAYS_END.test(errors)) return true
  const reads = Object.hasOwn(READS, job.language ?? '') ? READS[job.language ?? ''] : undefined
  if (!reads && job.status === 'succeeded') return false
  const sources = [request.code ?? '', ...(request.files ?? []).map(({ content }) => content ?? '')]
  return sources.some((source) => (reads ?? READS_SOMEHOW).test(source))
}
