import Type, { type Static } from 'typebox'
import type { JobSummary } from '../../../shared/job.ts'
import { findLanguage } from '../../../shared/language.ts'
import { lowerOf, SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { invalidRequest, problemAt } from '../../http/problems.ts'
import { enterUntilSent, withOutput } from '../../jobs/with-output.ts'
import { image, imageTypeOf, MOST_IMAGE_BYTES, MOST_IMAGES } from './images.ts'
import { jobProgress, reportProgress } from './progress.ts'
import { jobResult, RunOutcome, stillRunning } from './run-result.ts'
import { type Content, defineTool, type ToolCall, type ToolNeeds, type ToolResult } from './tool.ts'

/** Clients give up after 60 s: by then they have an answer, if only that it goes on. */
export const ANSWER_MS = 45 * SECOND
/** What a program leaves that a model can see, unless it asks for other files. */
const IMAGES = '*.{png,jpg,jpeg}'

const Files = Type.Array(
  Type.Object(
    { path: Type.String({ minLength: 1, maxLength: 1024 }), content: Type.String() },
    { additionalProperties: false },
  ),
  { maxItems: 50, description: 'text files that lie beside the program, e.g. data to read' },
)

const RunArguments = Type.Object(
  {
    language: Type.String({ minLength: 1, maxLength: 32, description: 'the language of the program' }),
    code: Type.String({ description: 'the whole program, e.g. `print(2 ** 100)`' }),
    stdin: Type.Optional(Type.String({ description: 'its standard input; empty when absent' })),
    args: Type.Optional(Type.Array(Type.String(), { maxItems: 64, description: 'its command-line arguments' })),
    files: Type.Optional(Files),
    keep_files: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        minItems: 1,
        maxItems: 8,
        description: 'which files of its working folder to keep, as globs, e.g. `out/*.csv`; images are shown',
      }),
    ),
    dependencies: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 214 }), {
        maxItems: 20,
        description: 'packages that the program needs; the call fails at once when one is not available',
      }),
    ),
    timeout_seconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3600, description: 'then the program is killed; 30 when absent' }),
    ),
  },
  { additionalProperties: false },
)
type RunArguments = Static<typeof RunArguments>

export const runCode = defineTool({
  name: 'run_code',
  title: 'Run a program',
  description:
    'Runs a complete program once, in a fresh sandbox, and returns its exit code and output. Use it to compute, to check facts by ' +
    'calculation, or to test code. Print what you want to see: values of expressions are not shown. Nothing remains for the next call; ' +
    'for steps that build on each other use create_session and run_in_session. The sandbox has no network, limited memory and time, and ' +
    'an own working folder. PNG and JPEG files that the program saves in its working folder come back as images.',
  scopes: ['jobs'],
  submits: true,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  input: RunArguments,
  output: RunOutcome,
  async run(needs, args, call) {
    const { jobs } = needs
    const { caller, requestId, res, ends, cancelled } = call
    const spec = await jobs.requests.code(requestOf(needs, args, call), caller, requestId).catch((error: unknown) => {
      throw error instanceof Problem ? inTermsOfTool(error, args.files !== undefined) : error
    })
    const { id } = spec.head
    res.locals.jobId = id
    const signal = AbortSignal.any([ends, cancelled])
    const stop = await reportProgress(needs.live, id, jobProgress, call.progress)
    const running = jobs.submission.submitAndWait(spec, undefined, ANSWER_MS, signal)
    const { job } = await whileKeyHolds(ends, running).finally(stop)
    return answerOf(needs, call, id, job)
  },
})

function requestOf(
  { config, languages }: ToolNeeds,
  { language: name, code, files, keep_files, timeout_seconds, ...rest }: RunArguments,
  { caller }: ToolCall,
): CodeRequest {
  const language = findLanguage(languages, name)
  const source = { path: language?.fileName ?? '', content: code }
  const program = language && files ? { files: [source, ...files], entrypoint: source.path } : { code }
  return {
    language: name,
    ...program,
    artifacts: keep_files ?? [IMAGES],
    ...(timeout_seconds !== undefined && { limits: limitsOf(config, caller, timeout_seconds * SECOND) }),
    ...rest,
  }
}

/** What a program may have that may take so long: one that only computes is not to end sooner. @throws Problem */
function limitsOf({ limits }: ToolNeeds['config'], { ceilings: own }: ToolCall['caller'], wallMs: number) {
  const ceilings = lowerOf(limits.ceilings, own)
  if (wallMs > ceilings.wallMs) {
    const most = Math.floor(ceilings.wallMs / SECOND)
    throw invalidRequest([
      { pointer: '/timeout_seconds', detail: `is ${wallMs / SECOND}; at most ${most} are allowed` },
    ])
  }
  return { wallMs, cpuMs: Math.min(ceilings.cpuMs, Math.max(wallMs, limits.defaults.cpuMs)) }
}

/** The same problem with the places as the tool has them: its `code` is a file when there are others. */
function inTermsOfTool(problem: Problem, hasFiles: boolean): Problem {
  const place = (pointer: string) => {
    const [, index, rest = ''] = /^\/files\/(\d+)(.*)$/.exec(pointer) ?? []
    if (!hasFiles || index === undefined) return pointer
    return index === '0' ? '/code' : `/files/${Number(index) - 1}${rest}`
  }
  return problemAt(place, problem)
}

/**
 * What is answered of a job that was waited for. One whose call was cancelled is cancelled.
 * @param ended undefined when it did not end in time
 */
export async function answerOf(
  needs: ToolNeeds,
  call: ToolCall,
  id: string,
  ended: Parameters<typeof withOutput>[2] | undefined,
): Promise<ToolResult<RunOutcome>> {
  const { jobs } = needs
  const { caller, res, cancelled } = call
  if (ended) {
    const job = await withOutput(jobs.output, res, ended)
    return jobResult(job, await imagesOf(needs, call, job))
  }
  const found = await jobs.records.read(id)
  if (found && cancelled.aborted) await jobs.cancel(found.job, caller.tenant)
  return stillRunning(id, found?.job.state ?? 'queued')
}

/** Images that are small enough to be shown, the first few; those beside them are only named. */
async function imagesOf(
  { jobs }: ToolNeeds,
  { res }: ToolCall,
  job: Pick<JobSummary, 'id' | 'artifacts'>,
): Promise<Content[]> {
  const images: Content[] = []
  for (const { path, bytes, fileId } of job.artifacts ?? []) {
    const type = imageTypeOf(path)
    if (type === undefined || bytes > MOST_IMAGE_BYTES || fileId !== undefined || images.length === MOST_IMAGES)
      continue
    await enterUntilSent(jobs.output.sending, res, bytes)
    const content = await jobs.artifacts.get(job.id, path)
    if (content) images.push(image(content.toString('base64'), type))
  }
  return images
}
