import type { Request, Response } from 'express'
import type { Static, TObject, TSchema } from 'typebox'
import type { Scope } from '../../shared/access/api-key.ts'
import type { Status } from '../../shared/job.ts'
import type { ProblemCode } from '../../shared/problems.ts'
import type { Caller } from './caller.ts'
import type { PathParameter, RequestHeader, ResponseHeader } from './parameters.ts'
import type { Tag } from './tags.ts'

/**
 * Everything that is known of a route but what it does. The Express router (`mountRoutes`), the OpenAPI operation
 * (`describeOperation`) and the row in docs/api.md (`scripts/api-table.mjs`) are made of it; what all routes have in common is
 * added there.
 */
export interface RouteDescription {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As Express writes it: `/v1/jobs/:id`; `*path` goes over slashes. */
  path: string
  /** Names it for generated clients, e.g. `submitJob`. */
  id: string
  tag: Tag
  summary: string
  /** Markdown. */
  description?: string
  /** Any one of these opens it; empty: every caller may. `open`: no key is looked at. */
  scopes: 'open' | readonly Scope[]
  /** It finds out by itself who calls: it stands before authentication and rate limit. */
  authenticates?: true
  /** For each name in the path. */
  params?: Readonly<Record<string, PathParameter>>
  /** A schema of strings, and of lists of strings. Without one a query is refused. */
  query?: TObject
  headers?: readonly RequestHeader[]
  body?: RouteBody
  /** The body is bytes, which the handler reads from `req` as they come; says what they are. In place of `body`. */
  upload?: string
  /** What it answers when all is well, by status. */
  answers: Readonly<Record<number, Answer>>
  /** `Cache-Control` of what `send` answers. */
  cache?: 'no-store' | 'private, no-cache'
  /** What it can refuse beside what every route of its kind can; see `problemsOf`. */
  problems?: readonly ProblemCode[]
  /** Headers that some of these have here, and not elsewhere. */
  problemHeaders?: Partial<Record<ProblemCode, readonly ResponseHeader[]>>
  /** Names that schemas of its own get in the document, for what is used twice or looked for by readers. */
  schemas?: Readonly<Record<string, TSchema>>
}

/** Sizes of bodies, as the operator has set them. */
export interface BodyBounds {
  maxBodyBytes: number
  maxProblemBytes: number
}

/** A size that follows from a setting. */
export interface BoundOfSetting {
  bytes: (bounds: BodyBounds) => number
  /** What a refusal says of the setting: its name and value. */
  because: (bounds: BodyBounds) => string
}

export interface RouteBody<Schema extends TSchema = TSchema> {
  schema: Schema
  examples: Readonly<Record<string, RequestExample>>
  /** After decompression; MAX_BODY_BYTES when absent. */
  maxBytes?: number | BoundOfSetting
  /**
   * A member that is long, in base64. It is decoded while it comes: the handler gets its bytes by `takeBulk`, and a short string stands in its
   * place in `body`, an empty one for an empty one.
   */
  bulk?: string
  /** The handler checks the body against the schema: it is read as JSON, and its members are not looked at. */
  checkedBy?: 'handler'
  /** The handler refuses an empty object, though the schema allows it. */
  isRequired?: true
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
  examples?: Readonly<Record<string, { summary: string; value: unknown }>>
}

/** What a handler gets: the request, with the types of the route's schemas. */
export interface RouteRequest<
  Path extends string = string,
  Query = unknown,
  Body = unknown,
  Answers = Readonly<Record<number, Answer>>,
> {
  req: Request
  res: Response
  /** Not set where `scopes` is `open` or the route authenticates by itself. */
  caller: Caller
  /** Under which the log tells of the request. */
  requestId: string
  params: Readonly<Record<ParamName<Path>, string>>
  query: Query
  body: Body
  /** The bytes of the body's `bulk`, once; nothing else holds them then. */
  takeBulk: () => Buffer
  /** Answers with JSON of the schema that the status has, or without a body where it has none. */
  send: <S extends keyof Answers & number>(status: S, ...body: BodyOf<Answers[S]>) => void
}

/** `takeBulk` of a request without any. */
export const noBulk = (): Buffer => Buffer.alloc(0)

type BodyOf<A> = A extends { schema: infer Schema extends TSchema } ? [body: Static<Schema>] : []

/** `:id` and `*path` of a path, each by its name. */
type ParamName<Path extends string> = Path extends `${infer Step}/${infer Rest}`
  ? Name<Step> | ParamName<Rest>
  : Name<Path>
type Name<Step extends string> = Step extends `:${infer One}` ? One : Step extends `*${infer One}` ? One : never

/** A route, and what it does with what it needs. */
export interface Route<Needs> extends RouteDescription {
  handle: (needs: Needs, request: RouteRequest) => unknown
}

/** A route that has what it needs. */
export interface BoundRoute extends RouteDescription {
  handle: (request: RouteRequest) => unknown
}

type CheckedBody<Body> = Body extends { checkedBy: 'handler' }
  ? unknown
  : Body extends { schema: infer Schema extends TSchema }
    ? Static<Schema>
    : undefined

/**
 * Defines a route: what is known of it, and its handler, whose parameters have their types from the schemas that stand beside it.
 * @param route `handle` gets what it needs, by the type of its first parameter, and the request. It answers with `send`, or by
 *   `res` where it streams; it throws a Problem
 */
export function defineRoute<
  const Path extends string,
  const Answers extends Readonly<Record<number, Answer>>,
  Needs,
  Query extends TObject = TObject<Record<never, never>>,
  const Body extends RouteBody | undefined = undefined,
>(
  route: Omit<RouteDescription, 'path' | 'params' | 'query' | 'body' | 'answers'> & {
    path: Path
    query?: Query
    body?: Body
    answers: Answers
    handle: (needs: Needs, request: RouteRequest<Path, Static<Query>, CheckedBody<Body>, Answers>) => unknown
  } & ([ParamName<Path>] extends [never] ? object : { params: Readonly<Record<ParamName<Path>, PathParameter>> }),
): Route<Needs> {
  return route as unknown as Route<Needs>
}

/** What routes need, all together. */
type NeedsOf<R> = (R extends Route<infer Needs> ? (needs: Needs) => void : never) extends (needs: infer All) => void
  ? All
  : never

/** Routes of a feature with what they need. */
export function bindRoutes<R extends Route<never>>(needs: NeedsOf<R>, routes: readonly R[]): BoundRoute[] {
  return routes.map((route) => ({ ...route, handle: (request) => route.handle(needs as never, request) }))
}

/** `/v1/jobs/{id}`: the path as OpenAPI writes it. */
export const openApiPath = (path: string): string => path.replaceAll(/[:*](\w+)/g, '{$1}')
