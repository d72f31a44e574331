import { Allowed, Block } from '../../../shared/security/blocks.ts'
import { SecurityEventPage } from '../../../shared/security/security-event.ts'
import { AllowedList, AllowRequest, BlockList, BlockRequest, SecurityEventsQuery } from '../../admin/security.ts'
import type { Operation } from '../../http/route.ts'
import { PATH } from '../../http/openapi/parameters.ts'

const common = { tag: 'Administration', scopes: ['admin'] } as const
const pathParameters = { subject: PATH.subject }

const block: Block = {
  subject: 'address:192.0.2.7',
  since: '2027-01-31T12:00:00.000Z',
  until: '2027-01-31T13:00:00.000Z',
  reason: 'tries keys',
  by: 'key:4f2a91c07b3e',
}
const allowed: Allowed = {
  subject: 'address:192.0.2.7',
  since: '2027-01-31T12:00:00.000Z',
  reason: 'our own monitoring',
  by: 'key:4f2a91c07b3e',
}

export const adminSecurityOperations: readonly Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/v1/admin/security-events',
    id: 'listSecurityEvents',
    summary: 'List what counts for or against callers',
    description: 'Newest first: refused submissions, rate limits, failed authentications, escape attempts, and what operators did. `kind` may be given several times.', // prettier-ignore
    query: SecurityEventsQuery,
    answers: { 200: { description: 'One page.', schema: SecurityEventPage } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/blocks',
    id: 'listBlocks',
    summary: 'List who is blocked',
    answers: {
      200: {
        description: 'The blocks that last.',
        schema: BlockList,
        examples: { one: { summary: 'One block', value: { blocks: [block] } } },
      },
    },
  },
  {
    ...common,
    method: 'put',
    path: '/v1/admin/blocks/{subject}',
    id: 'blockCaller',
    summary: 'Block a caller',
    description: 'It holds on every gateway with the next request of that caller.',
    pathParameters,
    body: {
      schema: BlockRequest,
      examples: {
        hour: { summary: 'For an hour', value: { seconds: 3600, reason: 'tries keys' } },
        forever: { summary: 'Until it is lifted', value: {} },
      },
    },
    answers: {
      200: { description: 'The block.', schema: Block, examples: { hour: { summary: 'For an hour', value: block } } },
    },
  },
  {
    ...common,
    method: 'delete',
    path: '/v1/admin/blocks/{subject}',
    id: 'unblockCaller',
    summary: 'Lift a block',
    description: 'Forgets the score and the blocks before, too.',
    pathParameters,
    answers: { 204: { description: 'It is lifted.' } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/allowed',
    id: 'listAllowed',
    summary: 'List who is never blocked',
    answers: {
      200: {
        description: 'The exemptions.',
        schema: AllowedList,
        examples: { one: { summary: 'One exemption', value: { allowed: [allowed] } } },
      },
    },
  },
  {
    ...common,
    method: 'put',
    path: '/v1/admin/allowed/{subject}',
    id: 'allowCaller',
    summary: 'Never block a caller',
    description: 'Also lifts a block that lasts.',
    pathParameters,
    body: {
      schema: AllowRequest,
      examples: { monitoring: { summary: 'Your own monitoring', value: { reason: 'our own monitoring' } } },
    },
    answers: {
      200: {
        description: 'The exemption.',
        schema: Allowed,
        examples: { monitoring: { summary: 'Your own monitoring', value: allowed } },
      },
    },
  },
  {
    ...common,
    method: 'delete',
    path: '/v1/admin/allowed/{subject}',
    id: 'disallowCaller',
    summary: 'End an exemption',
    pathParameters,
    answers: { 204: { description: 'It is ended.' } },
  },
]
