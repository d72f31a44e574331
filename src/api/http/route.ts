import type { TObject, TSchema } from 'typebox'
import type { Scope } from '../../shared/access/api-key.ts'
import type { Status } from '../../shared/job.ts'
import type { ProblemCode } from '../../shared/problems.ts'
import type { PathParameter, RequestHeader, ResponseHeader } from './openapi/parameters.ts'
import type { Tag } from './openapi/tags.ts'

/** One route as the document tells of it. What every route has in common is added by `describeOperation`. */
export interface Operation {
  method: 'get' | 'post' | 'put' | 'delete'
  /** As OpenAPI writes it, e.g. `/v1/jobs/{id}`. */
  path: string
  /** Names it for generated clients, e.g. `submitJob`. */
  id: string
  tag: Tag
  summary: string
  /** Markdown. */
  description?: string
  /** Any one of these opens it; empty: every caller may. `open`: no key is looked at. */
  scopes: 'open' | readonly Scope[]
  /** For each name in braces of the path. */
  pathParameters?: Record<string, PathParameter>
  query?: TObject
  headers?: readonly RequestHeader[]
  body?: { schema: TSchema; examples: Record<string, RequestExample>; optional?: true }
  /** What it answers when all is well, by status. */
  answers: Record<number, Answer>
  /** What it can refuse beside what every route of its kind can; see `commonProblems`. */
  problems?: readonly ProblemCode[]
  /** Headers that some of these have here, and not elsewhere. */
  problemHeaders?: Partial<Record<ProblemCode, readonly ResponseHeader[]>>
}

export interface RequestExample {
  summary: string
  description?: string
  value: unknown
  /** How the job ends that it makes, where it makes one and its end is the point of it. */
  ends?: Status
  /** What is answered to it as it stands, where that is no success: it holds a key that is made up. */
  refused?: number
}

export interface Answer {
  description: string
  /** Of the body; none: there is no body. */
  schema?: TSchema
  /** `application/json` when absent. */
  type?: string
  /** Of each event of an event stream, as `{type, data}`. */
  events?: TSchema
  /** Of the messages of a WebSocket. */
  messages?: { sent: TSchema; received: TSchema }
  headers?: readonly ResponseHeader[]
  examples?: Record<string, { summary: string; value: unknown }>
}
