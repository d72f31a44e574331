import Type from 'typebox'
import { Health, Readiness } from '../../health/health.ts'
import type { Operation } from '../../http/route.ts'

const tag = 'Service'

export const serviceOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    id: 'health',
    tag,
    summary: 'Whether this gateway lives',
    scopes: 'open',
    answers: { 200: { description: 'It does.', schema: Health } },
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'readiness',
    tag,
    summary: 'Whether a submission would be accepted now',
    description: 'Otherwise the answer is what the submission would get.',
    scopes: 'open',
    answers: {
      200: {
        description: 'It would.',
        schema: Readiness,
        examples: { ready: { summary: 'Ready', value: { status: 'ok', redis: 'ok', workers: 1, queued: 0 } } },
      },
    },
    problems: ['unavailable', 'queue-full', 'engine-unavailable'],
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'metrics',
    tag,
    summary: 'Figures for Prometheus',
    description: 'Without authentication (`AUTH=none`) it takes no key. 404 where metrics have a port of their own.',
    scopes: ['admin'],
    problems: ['not-found'],
    answers: {
      200: {
        description: 'The text format of Prometheus.',
        type: 'text/plain',
        schema: Type.String(),
      },
    },
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'openapi',
    tag,
    summary: 'This description',
    description: 'OpenAPI 3.1. `/docs` shows it.',
    scopes: 'open',
    headers: ['If-None-Match'],
    answers: {
      200: {
        description: 'The document.',
        schema: Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
        headers: ['ETag'],
      },
      304: { description: 'You have it already.', headers: ['ETag'] },
    },
  },
]
