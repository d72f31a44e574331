import type { RequestHandler, Response, Router } from 'express'
import type { Redis } from 'ioredis'
import type { Config } from '../../../shared/config/config.ts'
import type { Language } from '../../../shared/language.ts'
import type { Problem } from '../../../shared/problems.ts'
import type { Keys } from '../../../shared/redis/keys.ts'
import type { SessionNeeds } from '../../sessions/needs.ts'
import type { Overview } from '../../../shared/redis/worker-registry.ts'
import type { EventFeed } from '../../events/event-feed.ts'
import type { OpenResponses } from '../../http/open-responses.ts'
import type { Upgrades } from '../../http/upgrades.ts'
import type { Cancel } from '../../jobs/cancellation.ts'
import type { JobSubmission } from '../../jobs/job-submission.ts'
import type { JobServing } from '../../jobs/jobs-feature.ts'
import type { JobRequestBuilder } from '../../jobs/request/job-request-builder.ts'
import type { SentFiles } from './sent-files.ts'

/** What jobs give to the other systems' routes. */
export interface SystemJobs extends JobServing {
  requests: JobRequestBuilder
  submission: JobSubmission
  cancel: Cancel
  /** Lets through callers that may submit jobs. */
  mayUse: RequestHandler
}

/** What sessions give to the other systems' routes. */
export interface SystemSessions {
  needs: SessionNeeds
  /** Lets through callers that may use sessions. */
  mayUse: RequestHandler
  /** For what is kept of them beside the sessions themselves. */
  redis: Redis
  keys: Keys
}

/** What the routes of another system are made with. */
export interface SystemNeeds {
  config: Config
  languages: readonly Language[]
  overview: () => Promise<Overview>
  jobs: SystemJobs
  sessions: SystemSessions
  sentFiles: SentFiles
  feed: EventFeed
  open: OpenResponses
  upgrades: Upgrades
  /** Takes from the caller's submissions what a request costs beyond what it has paid. */
  spend: (res: Response, tokens: number) => Promise<void>
}

/** Another system whose protocol is served under a path of its own. */
export interface CompatSystem {
  /** As the setting COMPAT names it; also the path, `/judge0`. */
  name: string
  /** Headers in which its clients show their key, in lower case, beside those of everybody. The first that is there counts. */
  keyHeaders: readonly string[]
  /** Turns requests for host names of its own into such that are under its path. */
  byHostName?: RequestHandler
  /** Before authentication, under its path: for clients that are known by something else than a key. May leave all to authentication. */
  findCaller?: RequestHandler
  /** Where its clients show their key besides: a scheme of `Authorization`, and a name in the query, where it is removed before anybody logs it. */
  token?: { scheme: string; query: string }
  /** Whether pages may have their browser token in the path: `/token/ryb_.../`. */
  tokenInPath?: true
  /** What a page of an allowed origin may send, for systems whose clients are pages. */
  cors?: { methods: string; headers: string }
  /** Behind authentication and rate limit. */
  routes: (needs: SystemNeeds) => Router
  /** Answers with a problem as the system tells of its own. */
  sendProblem: (res: Response, problem: Problem) => void
}
