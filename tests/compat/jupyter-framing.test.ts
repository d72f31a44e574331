import { describe, expect, test } from '@jest/globals'
import {
  decodeMessage,
  encodeMessage,
  FramingError,
  type JupyterMessage,
} from '../../src/api/compat/jupyter/framing.ts'
import { executionEnd, kernelLife } from '../../src/api/compat/jupyter/kernel-messages.ts'
import { kernelSpecs, languageOfKernel } from '../../src/api/compat/jupyter/kernel-specs.ts'
import { showPathToken, showToken } from '../../src/api/compat/system/show-key.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createMutator, randomOf } from './fuzz/mutate.ts'
import { jupyterMessage } from './fuzz/sockets.ts'

const message = (...buffers: Uint8Array[]): JupyterMessage => ({
  channel: 'shell',
  header: { msg_id: 'm', msg_type: 'execute_request' },
  parent_header: {},
  metadata: { a: 1 },
  content: { code: 'print("ü")' },
  buffers,
})

describe('framing', () => {
  test.each([
    ['default', false, []],
    ['default', false, [Buffer.from('a'), Buffer.from('')]],
    ['v1', true, []],
    ['v1', true, [Buffer.from('a'), Buffer.from('bc')]],
  ] as const)('%s %s gives back what it was given', (_name, isV1, buffers) => {
    const sent = encodeMessage(message(...buffers), isV1)
    const isBinary = typeof sent !== 'string'
    expect(isBinary).toBe(isV1 || buffers.length > 0)
    expect(decodeMessage(Buffer.from(sent), isBinary, isV1)).toEqual(message(...buffers))
  })

  test('names the message at the top too, by default', () => {
    expect(JSON.parse(encodeMessage(message(), false) as string)).toMatchObject({
      msg_id: 'm',
      msg_type: 'execute_request',
      channel: 'shell',
    })
  })

  test('v1 has six offsets, the first behind them', () => {
    const sent = encodeMessage(message(), true) as Buffer
    expect([sent.readBigUInt64LE(0), sent.readBigUInt64LE(8)]).toEqual([6n, 56n])
    expect(sent.readBigUInt64LE(8 * 6)).toBe(BigInt(sent.length))
  })

  const many = message(...Array.from({ length: 64 }, () => Buffer.alloc(1)))
  const headed = (x: unknown) => ({ ...message(), header: { msg_id: 'm', msg_type: 't', x } })
  const deep = `{"header":{"msg_id":"m","msg_type":"t","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`
  const outside = encodeMessage(message(), true) as Buffer
  outside.writeBigUInt64LE(2n ** 40n, 16)
  test.each([
    ['no JSON', Buffer.from('{'), false, false],
    ['no object', Buffer.from('[]'), false, false],
    ['no header', Buffer.from('{"channel":"shell"}'), false, false],
    ['too many offsets', Buffer.alloc(16, 0xff), true, false],
    ['an empty frame', Buffer.alloc(0), true, false],
    ['too few offsets', Buffer.alloc(64), true, true],
    ['a count beyond the frame', Buffer.alloc(8, 0xff), true, true],
    ['an offset beyond the frame', outside, true, true],
    ['a frame of 65 parts', encodeMessage(many, false) as Buffer, true, false],
    ['a frame of 69 parts', encodeMessage(many, true) as Buffer, true, true],
    ['a header of more than 4 KiB', Buffer.from(encodeMessage(headed('x'.repeat(4096)), false)), false, false],
    ['a header of more than 4 KiB in v1', encodeMessage(headed('x'.repeat(4096)), true) as Buffer, true, true],
    ['a header of 50,000 arrays', Buffer.from(deep), false, false],
  ])('%s is refused', (_name, data, isBinary, isV1) => {
    expect(() => decodeMessage(data, isBinary, isV1)).toThrow(FramingError)
  })
})

test('a token is taken from the query and from its scheme, and is not there any more', () => {
  const req = {
    url: '/api/kernels?a=1&token=ry_x',
    originalUrl: '/jupyter/api/kernels?a=1&token=ry_x',
    headersDistinct: { authorization: ['token ry_y'] } as Record<string, string[]>,
  }
  showToken(req, { scheme: 'token', query: 'token' })
  expect(req).toEqual({
    url: '/api/kernels?a=1',
    originalUrl: '/jupyter/api/kernels?a=1',
    headersDistinct: { authorization: ['Bearer ry_y'], 'x-api-key': ['ry_x'] },
  })
  const empty = { url: '/api?token=', originalUrl: '/api?token=', headersDistinct: { authorization: ['token '] } }
  showToken(empty, { scheme: 'token', query: 'token' })
  expect(empty).toEqual({ url: '/api', originalUrl: '/api', headersDistinct: {} })
})

test('a browser token is taken from the path, and is not there any more; a key is not', () => {
  const token = `ryb_${'0'.repeat(12)}_${'1'.repeat(64)}`
  const req = {
    url: `/token/${token}/v1/exec?a=1`,
    originalUrl: `/codapi/token/${token}/v1/exec?a=1`,
    headersDistinct: {},
  }
  showPathToken(req)
  expect(req).toEqual({
    url: '/v1/exec?a=1',
    originalUrl: '/codapi/v1/exec?a=1',
    headersDistinct: { 'x-api-key': [token] },
  })
  const path = `/token/${token.replace('ryb_', 'ry_')}/v1/exec`
  const withKey = { url: path, originalUrl: path, headersDistinct: {} }
  showPathToken(withKey)
  expect(withKey).toEqual({ url: path, originalUrl: path, headersDistinct: {} })
})

describe('kernels', () => {
  const languages = loadLanguages(`${packageRoot()}/languages`)

  test('are those that are installed, Python by the name that notebooks have for it', () => {
    expect(kernelSpecs(languages, { kernels: ['python'] })).toMatchObject({
      default: 'python3',
      kernelspecs: { python3: {} },
    })
    for (const name of ['', 'python3', 'python', 'py']) {
      expect(languageOfKernel(name, languages, { kernels: ['python'] })).toBe('python')
    }
    expect(() => languageOfKernel('bash', languages, { kernels: ['python'] })).toThrow('there are python3')
    expect(() => languageOfKernel('constructor', languages, { kernels: ['python'] })).toThrow('there are python3')
    expect(() => languageOfKernel('', languages, {})).toThrow('no language')
  })

  test('have another life after each start', () => {
    expect(kernelLife('a', 0)).toBe(kernelLife('a', 0))
    expect(kernelLife('a', 0)).not.toBe(kernelLife('a', 1))
  })
})

test('an execution ends as the protocol tells of it', () => {
  const error = { name: 'KeyboardInterrupt', value: '', traceback: ['t'] }
  const of = (status: 'succeeded' | 'failed' | 'cancelled' | 'wall-time-limit' | 'context-lost', told?: typeof error) =>
    executionEnd({ status, message: 'why', executionCount: null }, told, 7)
  expect(of('succeeded').reply).toEqual({ status: 'ok', execution_count: 7, user_expressions: {}, payload: [] })
  expect(of('failed', error)).toEqual({
    reply: { status: 'error', execution_count: 7, ename: 'KeyboardInterrupt', evalue: '', traceback: ['t'] },
    isFailure: true,
  })
  expect(of('wall-time-limit', error).error).toMatchObject({ ename: 'TimeoutError', evalue: 'why' })
  expect(of('context-lost')).toMatchObject({ error: { ename: 'DeadKernelError' }, isFailure: true })
  expect(of('cancelled')).toEqual({ reply: { status: 'aborted', execution_count: 7 }, isFailure: false })
})

test('whatever the fuzzer changes in a message, it can be sent in either framing', () => {
  for (let seed = 0; seed < 5; seed++) {
    const mutator = createMutator(randomOf(seed))
    const sent = Array.from({ length: 2000 }, (_none, count) => jupyterMessage(mutator, count % 2 === 0))
    expect(sent.every((one) => typeof one === 'string' || Buffer.isBuffer(one))).toBe(true)
  }
})
