import type { Response } from 'express'
import type Type from 'typebox'
import type { Static, TObject } from 'typebox'
import type { Scope } from '../../../shared/access/api-key.ts'
import type { Config } from '../../../shared/config/config.ts'
import type { Language } from '../../../shared/language.ts'
import type { Overview, Runtimes } from '../../../shared/redis/worker-registry.ts'
import type { LiveEvents } from '../../events/live-events.ts'
import { faultsOf } from '../../http/validate.ts'
import type { Caller } from '../../http/caller.ts'
import type { OpenResponses } from '../../http/open-responses.ts'
import { invalidRequest } from '../../http/problems.ts'
import type { JobServing, JobsFeature } from '../../jobs/jobs-feature.ts'
import type { SessionNeeds } from '../../sessions/needs.ts'

/** What tools are made with: the capabilities that they stand on. */
export interface ToolNeeds {
  config: Pick<Config, 'limits' | 'sessions' | 'http'>
  languages: readonly Language[]
  overview: () => Promise<Overview>
  jobs: Pick<JobsFeature, 'records' | 'requests' | 'submission' | 'cancel'> & Pick<JobServing, 'output' | 'artifacts'>
  sessions: SessionNeeds
  /** Events of jobs and sessions as they come. */
  live: LiveEvents
  open: OpenResponses
}

/** One call of a tool, on its way. */
export interface ToolCall {
  caller: Caller
  requestId: string
  /** Of the request that has the call. */
  res: Response
  /** Aborts when nobody is to be answered any more: see EndedBy. A client of before 2026-07-28 is also when its connection is lost. */
  ends: AbortSignal
  /** Aborts when the client has cancelled the call: what was begun for it is to stop. */
  cancelled: AbortSignal
  /** Tells the client how far it is; undefined when it does not want to know. */
  progress: ((message: string) => void) | undefined
}

export type Content =
  | { type: 'text'; text: string }
  | { type: 'image'; data: string; mimeType: string }
  | {
      type: 'resource'
      resource: { uri: string; mimeType?: string; text: string } | { uri: string; mimeType?: string; blob: string }
    }

/** What a tool answers. `content` is complete by itself: some clients show the model nothing else. */
export interface ToolResult<Structured = Record<string, unknown>> {
  content: Content[]
  structured: Structured
  /** Whether what was asked for failed, as a program that exits with 1. */
  failed?: boolean
}

/** What a tool says of itself in `tools/list`. */
export interface ToolDescription {
  /** Snake case. */
  name: string
  title: string
  /** For a model: when to use it, what it can do, how its answer is. */
  description: string
  /** Any one of these opens it. */
  scopes: readonly Scope[]
  /** Whether a call takes from the budget of submissions, as what runs something does. */
  submits: boolean
  /** Hints for whoever lets a model use it. Tools work in a sandbox: `openWorldHint` is false for all. */
  annotations: { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean }
  input: TObject
  output: TObject
}

export interface Tool extends ToolDescription {
  /** @throws Problem what the model is told; `invalid-request` when the arguments are not as `input` has them */
  run: (needs: ToolNeeds, args: unknown, call: ToolCall) => Promise<ToolResult>
}

/** A tool, with the types of its arguments and of its structured answer from its schemas. */
export function defineTool<Input extends TObject, Output extends TObject>(
  tool: Omit<ToolDescription, 'input' | 'output'> & {
    input: Input
    output: Output
    run: (needs: ToolNeeds, args: Static<Input>, call: ToolCall) => Promise<ToolResult<Static<Output>>>
  },
): Tool {
  const faults = faultsOf(tool.input)
  return {
    ...tool,
    async run(needs, args, call) {
      const errors = faults(args)
      if (errors.length > 0) throw invalidRequest(errors)
      return (await tool.run(needs, args as Static<Input>, call)) as ToolResult
    },
  }
}

/**
 * The schemas as a model is shown them: JSON Schema 2020-12, with the installed languages in the place of any text.
 * @param runtimes undefined while no worker has told what it has
 */
export function listed(
  { name, title, description, annotations, input, output }: ToolDescription,
  runtimes: Runtimes | undefined,
): Record<string, unknown> {
  const ids = Object.keys(runtimes?.languages ?? {}).toSorted()
  const inputSchema = plain(input)
  const properties = inputSchema['properties'] as Record<string, Record<string, unknown>> | undefined
  const language = properties?.['language']
  if (language && ids.length > 0) {
    for (const bound of ['minLength', 'maxLength']) delete language[bound]
    language['enum'] = ids
  }
  return {
    name,
    title,
    description,
    inputSchema,
    outputSchema: plain(output),
    annotations: { title, ...annotations, openWorldHint: false },
  }
}

const plain = (schema: Type.TSchema) => JSON.parse(JSON.stringify(schema)) as Record<string, unknown>
