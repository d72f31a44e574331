import { luaScript } from '../redis/lua-script.ts'

/**
 * The books of the file store: each script is a step that cannot be seen half done, so that quotas, references and records never disagree.
 *
 * An *upload* reserves bytes before they are written, under a lease that it renews; what it writes is content (a blob) of its own name.
 * When it is complete it becomes a *file*, and its content either new content of the tenant or, where the tenant has the same already, no
 * more than garbage. Content lives while a file has it or a job that has not ended was submitted with it (a *pin*). Whatever is not
 * needed any more, be it of a file, of an upload that was lost or of a double, goes to the *garbage* in the step that finds it; the file
 * store is told after that. A process that dies at any point thus leaves nothing that a later sweep does not find.
 */

/** A job's pin holds so long without a record: the gateway sets it first. */
const PIN_GRACE_MS = 10 * 60_000
/** How long anything here is known after it should have gone, should nobody sweep. */
export const KEEP_SECONDS = 30 * 24 * 3600
/** Looked at in one step of the sweep. */
const SWEPT_AT_ONCE = 100

const COMMON = `
local time
local function now()
  if not time then
    local clock = redis.call('TIME')
    time = clock[1] * 1000 + math.floor(clock[2] / 1000)
  end
  return time
end
local function touch(key) redis.call('EXPIRE', key, input.keepSeconds) end
local function put(set, score, member)
  redis.call('ZADD', set, score, member)
  touch(set)
end
local function count(tenant, bytes)
  for _, field in ipairs({'all', 'of:' .. tenant}) do
    if redis.call('HINCRBY', keys.fileBytes, field, string.format('%.0f', bytes)) <= 0 then redis.call('HDEL', keys.fileBytes, field) end
  end
  touch(keys.fileBytes)
end
-- Ends an upload, and what was reserved for it. Its tenant, if it was known.
local function endUpload(id)
  local tenant, reserved = unpack(redis.call('HMGET', keys.fileUpload(id), 'tenant', 'bytes'))
  redis.call('ZREM', keys.fileUploads, id)
  redis.call('DEL', keys.fileUpload(id))
  if tenant then
    count(tenant, 0 - tonumber(reserved))
    redis.call('ZREM', keys.tenantUploads(tenant), id)
  end
  return tenant
end
`

/** Whether a job that pinned content still needs it. */
const PINS = `
local function needs(job, pins)
  local state, summary = unpack(redis.call('HMGET', keys.job(job), 'state', 'summary'))
  if state then return (state == 'queued' or state == 'running') and (summary or '') == '' end
  return tonumber(redis.call('ZSCORE', pins, job) or 0) > now() - ${PIN_GRACE_MS}
end
`

const REMOVAL = `${PINS}
local function isPinned(blob)
  local pins = keys.filePins(blob)
  for _, job in ipairs(redis.call('ZRANGE', pins, 0, -1)) do
    if needs(job, pins) then return true end
    redis.call('ZREM', pins, job)
  end
  return false
end
-- Content that no file has goes, unless a job needs it.
local function letGo(blob)
  local record = keys.fileBlob(blob)
  local tenant, sha256, bytes, files = unpack(redis.call('HMGET', record, 'tenant', 'sha256', 'bytes', 'files'))
  if not tenant or tonumber(files) > 0 then
    redis.call('ZREM', keys.unusedBlobs, blob)
  elseif isPinned(blob) then
    put(keys.unusedBlobs, now(), blob)
  else
    redis.call('ZREM', keys.unusedBlobs, blob)
    redis.call('DEL', record, keys.filePins(blob))
    redis.call('HDEL', keys.tenantBlobs(tenant), sha256)
    count(tenant, 0 - tonumber(bytes))
    put(keys.fileGarbage, now(), blob)
  end
end
local function removeFile(id)
  local tenant, blob = unpack(redis.call('HMGET', keys.file(id), 'tenant', 'blob'))
  redis.call('ZREM', keys.fileExpiry, id)
  redis.call('ZREM', keys.allFiles, id)
  if not tenant then return end
  redis.call('ZREM', keys.tenantFiles(tenant), id)
  redis.call('DEL', keys.file(id))
  redis.call('HINCRBY', keys.fileBlob(blob), 'files', -1)
  letGo(blob)
end
`

type Lasting = { keepSeconds: number }

/**
 * Reserves room for an upload, and renews its lease.
 * @returns {'reserved', 0}, what is full: {'files', how many there are}, {'tenant', its bytes}, {'all', bytes of all}, or {'lost', 0}
 */
export const RESERVE = luaScript<
  Lasting & {
    upload: string
    tenant: string
    /** All of the upload; as many as before only renews the lease. */
    bytes: number
    /** Whether it is the first time; otherwise an upload that is not known was given up meanwhile. */
    begins: boolean
    leaseMs: number
    tenantMaxFiles: number
    tenantMaxBytes: number
    maxBytes: number
  },
  ['reserved' | 'lost' | 'files' | 'tenant' | 'all', number]
>(
  'runyardReserveFile',
  `${COMMON}
local upload, tenant = keys.fileUpload(input.upload), input.tenant
local reserved = redis.call('HGET', upload, 'bytes')
if not reserved and not input.begins then return {'lost', 0} end
local uploads = keys.tenantUploads(tenant)
if not reserved then
  -- Those that were lost count no more, also where nobody has said so: a gateway of an older version knows nothing of this set.
  redis.call('ZREMRANGEBYSCORE', uploads, '-inf', now())
  local there = redis.call('ZCARD', keys.tenantFiles(tenant)) + redis.call('ZCARD', uploads)
  if there >= input.tenantMaxFiles then return {'files', there} end
end
local more = input.bytes - tonumber(reserved or 0)
local all, own = unpack(redis.call('HMGET', keys.fileBytes, 'all', 'of:' .. tenant))
all, own = tonumber(all or 0), tonumber(own or 0)
if more > 0 and own + more > input.tenantMaxBytes then return {'tenant', own} end
if more > 0 and all + more > input.maxBytes then return {'all', all} end
if more > 0 then
  count(tenant, more)
  redis.call('HSET', upload, 'bytes', string.format('%.0f', input.bytes))
end
redis.call('HSET', upload, 'tenant', tenant)
redis.call('HSETNX', upload, 'bytes', 0)
touch(upload)
for _, set in ipairs({keys.fileUploads, uploads}) do put(set, now() + input.leaseMs, input.upload) end
return {'reserved', 0}`,
)

/** The upload failed: its room is free, and what it wrote is garbage. */
export const ABANDON = luaScript<Lasting & { upload: string }, number>(
  'runyardAbandonFile',
  `${COMMON}
endUpload(input.upload)
put(keys.fileGarbage, now(), input.upload)
return 1`,
)

/**
 * Makes a file of an upload that is complete. The upload's name is that of its content.
 * Bulk: name, content type.
 * @returns {'made', name of the content it has}; {'known', id of a file, fingerprint}: the idempotency key was used before, and the upload
 * is given up; or {'lost'}: it was given up before
 */
export const COMMIT = luaScript<
  Lasting & {
    upload: string
    tenant: string
    id: string
    bytes: number
    sha256: string
    createdAt: string
    expiresAt: string
    expiresMs: number
    jobId: string | undefined
    idempotencyHash: string | undefined
    fingerprint: string
    idempotencySeconds: number
  },
  ['made', string] | ['known', string, string] | ['lost']
>(
  'runyardCommitFile',
  `${COMMON}
local tenant, id, blob = input.tenant, input.id, input.upload
-- Asked a second time: the connection was lost before the answer to the first.
local there = redis.call('HGET', keys.file(id), 'blob')
if there then return {'made', there} end
local repeated = input.idempotencyHash and keys.fileIdempotency(tenant, input.idempotencyHash)
local known = repeated and redis.call('GET', repeated)
if known then
  local first, fingerprint = string.match(known, '^(%S+) (%S+)$')
  -- Of what has gone nothing is known any more.
  if redis.call('EXISTS', keys.file(first)) == 1 then
    endUpload(blob)
    put(keys.fileGarbage, now(), blob)
    return {'known', first, fingerprint}
  end
end
if not endUpload(blob) then return {'lost'} end
local same = redis.call('HGET', keys.tenantBlobs(tenant), input.sha256)
if same and redis.call('EXISTS', keys.fileBlob(same)) == 1 then
  put(keys.fileGarbage, now(), blob)
  blob = same
else
  redis.call('HSET', keys.fileBlob(blob), 'tenant', tenant, 'sha256', input.sha256, 'bytes', string.format('%.0f', input.bytes), 'files', 0)
  redis.call('HSET', keys.tenantBlobs(tenant), input.sha256, blob)
  count(tenant, input.bytes)
end
touch(keys.fileBlob(blob))
touch(keys.tenantBlobs(tenant))
redis.call('HINCRBY', keys.fileBlob(blob), 'files', 1)
redis.call('ZREM', keys.unusedBlobs, blob)
local record = {'tenant', tenant, 'blob', blob, 'name', bulk[1], 'contentType', bulk[2], 'bytes', string.format('%.0f', input.bytes),
  'sha256', input.sha256, 'createdAt', input.createdAt, 'expiresAt', input.expiresAt}
if input.jobId then
  record[#record + 1] = 'jobId'
  record[#record + 1] = input.jobId
end
redis.call('HSET', keys.file(id), unpack(record))
touch(keys.file(id))
put(keys.tenantFiles(tenant), 0, id)
put(keys.allFiles, 0, id)
put(keys.fileExpiry, input.expiresMs, id)
if repeated then redis.call('SET', repeated, id .. ' ' .. input.fingerprint, 'EX', input.idempotencySeconds) end
return {'made', blob}`,
)

/** @returns 1, or 0 when the tenant has no such file */
export const REMOVE = luaScript<Lasting & { tenant: string; id: string }, number>(
  'runyardRemoveFile',
  `${COMMON}${REMOVAL}
if redis.call('HGET', keys.file(input.id), 'tenant') ~= input.tenant then return 0 end
removeFile(input.id)
return 1`,
)

/**
 * Keeps content for jobs, all or none, until they have ended.
 * @returns 0, or the number (from 1) of the first whose content is not there any more
 */
export const PIN = luaScript<Lasting & { tenant: string; pins: readonly { job: string; blob: string }[] }, number>(
  'runyardPinFiles',
  `${COMMON}${PINS}
for index, pin in ipairs(input.pins) do
  if redis.call('HGET', keys.fileBlob(pin.blob), 'tenant') ~= input.tenant then return index end
end
for _, pin in ipairs(input.pins) do
  local pins = keys.filePins(pin.blob)
  -- Those of the oldest that have ended go, faster than others come: content that is used for ever has no list without end.
  for _, job in ipairs(redis.call('ZRANGE', pins, 0, 2)) do
    if not needs(job, pins) then redis.call('ZREM', pins, job) end
  end
  put(pins, now(), pin.job)
end
return 0`,
)

/**
 * One step of the sweep: ends files that have expired, uploads that were lost, and content that no job needs any more.
 * @returns whether there may be more to do, then names in the garbage
 */
export const SWEEP = luaScript<Lasting & { lookAgainMs: number }, [number, ...string[]]>(
  'runyardSweepFiles',
  `${COMMON}${REMOVAL}
local function due(set, until_) return redis.call('ZRANGE', set, '-inf', until_, 'BYSCORE', 'LIMIT', 0, ${SWEPT_AT_ONCE}) end
local expired, lost = due(keys.fileExpiry, now()), due(keys.fileUploads, now())
for _, id in ipairs(expired) do removeFile(id) end
for _, upload in ipairs(lost) do
  endUpload(upload)
  put(keys.fileGarbage, now(), upload)
end
local unused = due(keys.unusedBlobs, now() - input.lookAgainMs)
for _, blob in ipairs(unused) do letGo(blob) end
local garbage = redis.call('ZRANGE', keys.fileGarbage, 0, ${SWEPT_AT_ONCE - 1})
local more = math.max(#expired, #lost, #unused, #garbage) == ${SWEPT_AT_ONCE} and 1 or 0
return {more, unpack(garbage)}`,
)
