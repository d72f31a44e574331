import { type Defence, edit } from './defence.ts'

const AUTHENTICATE = 'src/api/access/authenticate.ts'
const AUTHENTICATE_TEST = 'tests/api/access/authenticate.test.ts'
const TENANTS_TEST = 'tests/api/access/tenants.test.ts'

/** What belongs to somebody else. Each place that reads something of a tenant is tried without the look at whose it is. */
export const TENANTS: readonly Defence[] = [
  {
    threat: 'another tenant’s job, wherever a job is read by its id',
    without: 'the look at whose job it is',
    edits: edit('src/api/jobs/own-job.ts', ' || found.tenant !== res.locals.caller.tenant', ''),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job that is read',
  },
  {
    threat: 'another tenant’s job: read',
    without: 'it for this route',
    edits: edit(
      'src/api/jobs/read-job.ts',
      'let job = await ownJob(records, res, params.id)',
      'let job = (await records.read(params.id))?.job ?? (await ownJob(records, res, params.id))',
    ),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job that is read',
  },
  {
    threat: 'another tenant’s job: stream',
    without: 'it for this route',
    edits: edit('src/api/jobs/job-events.ts', 'type FindJob, ownJobs }', 'type FindJob, allJobs as ownJobs }'),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job whose stream is asked for by HEAD',
  },
  {
    threat: 'another tenant’s job: cancel',
    without: 'it for this route',
    edits: edit('src/api/jobs/cancel-job.ts', 'FoundJob, ownJobs }', 'FoundJob, allJobs as ownJobs }'),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job that is cancelled',
  },
  {
    threat: 'another tenant’s job: talk to',
    without: 'it for this route',
    edits: edit(
      'src/api/jobs/job-io.ts',
      'const job = await ownJob(records, res, params.id)',
      'const job = (await records.read(params.id))?.job ?? (await ownJob(records, res, params.id))',
    ),
    test: TENANTS_TEST,
    name: 'a job that is talked to',
  },
  {
    threat: 'another tenant’s job: artifacts',
    without: 'it for this route',
    edits: edit('src/api/jobs/read-artifact.ts', 'type FindJob, ownJobs }', 'type FindJob, allJobs as ownJobs }'),
    test: 'tests/e2e/artifacts.test.ts',
    name: 'is 404 to others',
  },
  {
    threat: 'another tenant’s job: request',
    without: 'it for this route',
    edits: edit(
      'src/api/jobs/read-request.ts',
      'const job = await ownJob(records, res, params.id)',
      'const job = (await records.read(params.id))?.job ?? (await ownJob(records, res, params.id))',
    ),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a job whose request is read',
  },
  {
    threat: 'another tenant’s job: list',
    without: 'a list of its own for each tenant',
    edits: edit('src/api/jobs/list-jobs.ts', 'jobList.page(caller.tenant, ', "jobList.page('acme', "),
    test: TENANTS_TEST,
    name: 'lists show what belongs to the tenant',
  },
  {
    threat: 'another tenant’s batch',
    without: 'the look at whose batch it is',
    edits: edit('src/api/batches/own-batch.ts', ' || batch.tenant !== res.locals.caller.tenant', ''),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a batch',
  },
  {
    threat: 'another tenant’s webhook delivery: read',
    without: 'the look at whose delivery it is',
    edits: edit(
      'src/api/webhooks/deliveries.ts',
      'if (stored?.tenant !== res.locals.caller.tenant) throw noDelivery()',
      'if (!stored) throw noDelivery()',
    ),
    test: TENANTS_TEST,
    name: 'is no other than what does not exist: a delivery',
  },
  {
    threat: 'another tenant’s webhook delivery: repeat',
    without: 'the look at whose delivery it is',
    edits: edit(
      'src/shared/webhooks/delivery-scripts.ts',
      "~= input.tenant then return 0 end\nredis.call('HSET', record, 'state', 'pending', ",
      "== false then return 0 end\nredis.call('HSET', record, 'state', 'pending', ",
    ),
    test: 'tests/shared/webhooks/deliveries.test.ts',
    name: 'only its own tenant can have a delivery made again',
  },
  {
    threat: 'another tenant’s webhook secret',
    without: 'a secret of its own for each tenant',
    edits: edit(
      'src/api/webhooks/webhook-secret.ts',
      'await secrets.read(caller.tenant)',
      "await secrets.read('acme')",
    ),
    test: TENANTS_TEST,
    name: 'webhooks of two tenants are signed with secrets of their own',
  },
  {
    threat: 'a tenant that is another one’s',
    without: 'that callers without a key are tenants by their address',
    edits: edit(AUTHENTICATE, '`anonymous:${address}`', "'anonymous'"),
    test: AUTHENTICATE_TEST,
    name: 'a caller without a key is a tenant by its address',
  },
  {
    threat: 'a tenant that is another one’s',
    without: 'that an address is believed of no proxy that is not trusted',
    edits: edit('src/api/access/client-address.ts', 'proxies.length > 0 ? [...proxies] : false', 'true'),
    test: 'tests/api/access/client-address.test.ts',
    name: 'is that of the connection when no proxy is trusted',
  },
  {
    threat: 'a tenant that is another one’s',
    without: 'that no key can be made for the tenants of callers without one',
    edits: edit(
      'src/shared/access/new-api-key.ts',
      "if (tenant === 'local' || tenant.startsWith('anonymous')) {",
      "if (tenant === '') {",
    ),
    test: 'tests/api/access/admin-keys.test.ts',
    name: 'is refused with the field named: /tenant',
  },
  {
    threat: 'another tenant’s job: read by a tool of MCP',
    without: 'the look at whose job it is',
    edits: edit('src/api/mcp/tools/get-run.ts', ' || found.tenant !== caller.tenant', ''),
    test: 'tests/api/mcp/mcp.test.ts',
    name: 'its result is read again by its tenant, and by nobody else',
  },
]
