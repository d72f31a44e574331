import { inGroup, integer, type Setting } from './setting.ts'

export const LOAD_SETTINGS: readonly Setting[] = inGroup('Load', [
  {
    name: 'MAX_QUEUED_JOBS',
    kind: integer(1, 1e7),
    default: '10000',
    description: 'Jobs that may wait, and as many again that are delayed. Further submissions are answered 503.',
  },
  {
    name: 'TENANT_MAX_QUEUED_JOBS',
    kind: integer(1, 1e7),
    default: '1000',
    description:
      'Jobs of one tenant that may wait, and as many again that are delayed. Its further submissions are answered 429.',
  },
  {
    name: 'MAX_QUEUED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '1073741824',
    description: 'Bytes of code and input that may wait in Redis. Further submissions are answered 503.',
  },
  {
    name: 'TENANT_MAX_QUEUED_BYTES',
    kind: integer(64 * 1024 * 1024),
    default: '268435456',
    description: 'The same for one tenant. Its further submissions are answered 429.',
  },
  {
    name: 'TENANT_MAX_OPEN_STREAMS',
    kind: integer(1, 1e6),
    default: '2000',
    description:
      'Event streams, sockets and waiting requests that one tenant may have open at one gateway; further ones are answered 429.',
  },
  {
    name: 'TENANT_MAX_RUNNING_JOBS',
    kind: integer(0, 1e6),
    default: '0',
    description:
      'Jobs of one tenant that run at a time, on all workers together. A key may have its own cap. 0: no cap.',
  },
])

export const REQUESTS_SETTINGS: readonly Setting[] = inGroup('Requests', [
  {
    name: 'MAX_BODY_BYTES',
    kind: integer(1024, 64 * 1024 * 1024),
    default: '2097152',
    description: 'Largest request body, after decompression.',
  },
  {
    name: 'MAX_CODE_BYTES',
    kind: integer(1, 64 * 1024 * 1024),
    default: '1048576',
    description: 'Largest `code`, or all `files` together, in bytes of UTF-8.',
  },
  {
    name: 'MAX_PROBLEM_BYTES',
    kind: integer(1024, 64 * 1024 * 1024),
    default: '8388608',
    description:
      'Largest stored problem: the files of its archive, unpacked. A gateway needs about 5 times as much memory for a moment to store one, which it does one at a time, and some for others that arrive; workers keep those in use in memory.',
  },
])
