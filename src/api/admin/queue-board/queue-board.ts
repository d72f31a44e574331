import type { JobSpec } from '../../../shared/job.ts'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import type { Queue } from 'bullmq'
import type { RequestHandler } from 'express'
import { BOARD_BAR } from './board-additions.ts'

/** The pages of bull-board: what BullMQ itself holds, to be looked at. */
export interface QueueBoard {
  /** The page, for every path that is none of a file or of its API. */
  html: string
  /** Its files and its API; see `isPagePath` for what is not its. */
  handler: RequestHandler
}

export interface QueueBoardOptions {
  /** Where it is mounted. */
  basePath: string
  jobs: Queue
  webhooks: Queue
}

/**
 * A job on the queue holds what its owner sent. Of that the board gets what `shownJob` leaves, and nothing of it can be changed there.
 */
export function createQueueBoard({ basePath, jobs, webhooks }: QueueBoardOptions): QueueBoard {
  const readOnly = { readOnlyMode: true, allowRetries: false }
  const jobsShown = new BullMQAdapter(jobs, {
    ...readOnly,
    description: 'Jobs that wait or run; those that ended are on the dashboard',
  })
  jobsShown.setFormatter('data', shownJob)
  const webhooksShown = new BullMQAdapter(webhooks, {
    ...readOnly,
    description: 'Deliveries that are due or wait for their next attempt; all others are on the dashboard',
  })
  const adapter = new ExpressAdapter()
  adapter.setBasePath(basePath)
  const uiConfig = {
    boardTitle: 'Runyard queues',
    hideDocsLink: true,
    miscLinks: [{ text: 'Dashboard', url: '/admin' }],
    pollingInterval: { showSetting: true },
    locale: { lng: 'en' },
  }
  createBullBoard({ queues: [jobsShown, webhooksShown], serverAdapter: adapter, options: { uiConfig } })
  return { html: pageOf(basePath, uiConfig), handler: adapter.getRouter() as RequestHandler }
}

/**
 * The page of bull-board as it can be served under a strict policy: what it loads from elsewhere (fonts) and what is styled in place
 * (a sign that it loads) are left out.
 */
function pageOf(basePath: string, uiConfig: object): string {
  const require = createRequire(import.meta.url)
  const ui = createRequire(require.resolve('@bull-board/api')).resolve('@bull-board/ui/package.json')
  const template = readFileSync(join(dirname(ui), 'dist/index.ejs'), 'utf8')
  const values: Record<string, string> = {
    basePath: `${basePath}/`,
    title: 'Runyard queues',
    favIconDefault: 'static/images/logo.svg',
    favIconAlternative: 'static/favicon-32x32.png',
    uiConfig: JSON.stringify(uiConfig).replaceAll('<', '\\u003c'),
  }
  return template
    .replace(/(<div id="root">)[\s\S]*<\/style>\s*(<\/div>)/, '$1$2')
    .replaceAll(/<link [^>]*https:[^>]*>/g, '')
    .replace('</head>', `<link href="board.css" rel="stylesheet"></head>`)
    .replace('<div id="root">', `${BOARD_BAR}<div id="root">`)
    .replace('</body>', '<script defer src="board.js"></script></body>')
    .replaceAll(/<%[=-] (\w+) %>/g, (_whole, name: string) => values[name] ?? '')
}

/**
 * What an operator sees of a queued job's data: how large what its owner sent is, and not what it is. Code, input, environment,
 * arguments, metadata and receivers stay out, and the caller's address.
 */
export function shownJob(data: unknown): unknown {
  const { head, tenant, files, stdin, args, env, tests, rank, delayMs, webhook, artifacts } = data as JobSpec
  const { id, kind, language, version, image, interactive, limits, createdAt } = head
  return {
    id,
    tenant,
    kind,
    language,
    version,
    image,
    interactive,
    createdAt,
    rank,
    delayMs,
    limits,
    hidden: {
      files: files.length,
      fileBytes: files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0),
      stdinBytes: Buffer.byteLength(stdin),
      arguments: args.length,
      variables: Object.keys(env).length,
      tests: tests.length,
      webhook: webhook !== null,
      artifacts: artifacts !== null,
    },
  }
}
