import Type from 'typebox'
import { GapEvent, JobEvent } from '../../../shared/job-event.ts'
import { TenantJob } from '../../../shared/redis/job-list.ts'
import { AdminJob, AdminJobPage, AdminJobsQuery } from '../../jobs/admin-jobs.ts'
import {
  AdminDeliveriesQuery,
  AdminDelivery,
  AdminDeliveryPage,
  AdminWebhookTest,
} from '../../webhooks/admin-deliveries.ts'
import { cancelledJob, finishedJob } from '../../http/openapi/examples/results.ts'
import type { Operation } from '../../http/route.ts'
import { PATH } from '../../http/openapi/parameters.ts'
import { Job } from '../../../shared/job.ts'

const common = { tag: 'Administration', scopes: ['admin'] } as const
const pathParameters = { id: PATH.job }

/** What operators do with the jobs and webhooks of all tenants. */
export const adminJobOperations: readonly Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/v1/admin/jobs',
    id: 'listAllJobs',
    summary: 'List the jobs of all tenants',
    description: 'Newest first, without their output.',
    query: AdminJobsQuery,
    answers: { 200: { description: 'One page.', schema: AdminJobPage } },
    problems: ['unknown-language'],
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/jobs/{id}',
    id: 'readAnyJob',
    summary: 'Read a job of any tenant',
    pathParameters,
    answers: {
      200: {
        description: 'The job, with its output.',
        schema: AdminJob,
        examples: {
          finished: { summary: 'A finished job', value: { ...finishedJob, tenant: 'acme', canRunAgain: true } },
        },
      },
    },
  },
  {
    ...common,
    method: 'delete',
    path: '/v1/admin/jobs/{id}',
    id: 'cancelAnyJob',
    summary: 'Cancel a job of any tenant',
    pathParameters,
    answers: {
      200: {
        description: 'The job, which has ended.',
        schema: Job,
        examples: { cancelled: { summary: 'A cancelled job', value: cancelledJob } },
      },
      202: { description: 'It is ending; its worker was not through with it within 5 s.', schema: Job },
    },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/jobs/{id}/events',
    id: 'streamAnyJobEvents',
    summary: 'Follow a job of any tenant',
    description: 'As `/v1/jobs/{id}/events` does.',
    pathParameters,
    headers: ['Last-Event-ID'],
    answers: {
      200: {
        description: 'The events, as they come.',
        type: 'text/event-stream',
        schema: Type.String({ description: 'server-sent events' }),
        events: Type.Union([JobEvent, GapEvent]),
      },
      204: { description: 'You have had `result`: there is nothing more to come.' },
    },
    problems: ['invalid-header', 'too-many-open'],
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/jobs/{id}/artifacts/{path}',
    id: 'readAnyArtifact',
    summary: 'Read a file that a job of any tenant made',
    pathParameters: { id: PATH.job, path: PATH.artifact },
    headers: ['If-None-Match'],
    answers: {
      200: {
        description: 'The file.',
        type: 'application/octet-stream',
        schema: Type.Unsafe<Uint8Array>({ description: 'the bytes as the program wrote them' }),
        headers: ['ETag', 'Content-Disposition'],
      },
      304: { description: 'You have it already.', headers: ['ETag'] },
    },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/jobs/{id}/run-again',
    id: 'runJobAgain',
    summary: 'Run what a job was asked for once more',
    description:
      'As a job of its own, of the same tenant. It begins at once and tells no webhook, and what it does counts for the ' +
      'operator.',
    pathParameters,
    answers: { 202: { description: 'The new job.', schema: TenantJob, headers: ['Location'] } },
    problems: [
      'nothing-to-run',
      'language-not-installed',
      'image-not-allowed',
      'tenant-queue-full',
      'queue-full',
      'engine-unavailable',
    ],
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/webhook-deliveries',
    id: 'listAllDeliveries',
    summary: 'List the webhook deliveries of all tenants',
    description: 'Newest first, with every attempt. Of their URLs only the origin is told.',
    query: AdminDeliveriesQuery,
    answers: { 200: { description: 'One page.', schema: AdminDeliveryPage } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/webhook-deliveries/{id}/redeliver',
    id: 'redeliverAny',
    summary: 'Make a delivery of any tenant once more',
    pathParameters: { id: PATH.delivery },
    answers: { 202: { description: 'It is pending again.', schema: AdminDelivery } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/webhook-deliveries/{id}/cancel',
    id: 'cancelAny',
    summary: 'Cancel a pending delivery of any tenant',
    pathParameters: { id: PATH.delivery },
    answers: { 200: { description: 'The delivery.', schema: AdminDelivery } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/webhook-deliveries/test',
    id: 'testAnyWebhook',
    summary: 'Send a test event for a tenant',
    body: {
      schema: AdminWebhookTest,
      examples: {
        url: { summary: 'To a receiver of a tenant', value: { tenant: 'acme', url: 'https://receiver.invalid/hooks' } },
      },
    },
    answers: { 202: { description: 'Its delivery.', schema: AdminDelivery } },
  },
]
