import { describe, expect, test } from '@jest/globals'
import { readMessage } from '../../../../src/api/jobs/socket/read-message.ts'

test.each([
  { text: '{"type":"stdin","data":"ü"}', message: { kind: 'stdin', data: Buffer.from('ü'), seq: null } },
  {
    text: '{"type":"stdin","data":"/w==","encoding":"base64","seq":1}',
    message: { kind: 'stdin', data: Buffer.from([255]), seq: 1 },
  },
  { text: '{"type":"eof"}', message: { kind: 'eof', data: Buffer.alloc(0), seq: null } },
  {
    text: '{"type":"signal","signal":"SIGINT","seq":9007199254740991}',
    message: { kind: 'signal', data: Buffer.from('SIGINT'), seq: Number.MAX_SAFE_INTEGER },
  },
])('a message of a client is read: $text', ({ text, message }) => {
  expect(readMessage(text)).toEqual(message)
})

describe('a message that cannot be used is told why:', () => {
  test.each<[what: string, text: string, pointer: string | null]>([
    ['nothing', '', null],
    ['no JSON', '{"type":', null],
    ['NaN', '{"type":"eof","seq":NaN}', null],
    ['a list', '[]', ''],
    ['another type', '{"type":"stdout","data":""}', '/type'],
    ['no data', '{"type":"stdin"}', '/data'],
    ['data that is a number', '{"type":"stdin","data":1}', '/data'],
    ['an encoding that there is not', '{"type":"stdin","data":"","encoding":"hex"}', '/encoding'],
    ['what is no base64', '{"type":"stdin","data":"%","encoding":"base64"}', '/data'],
    ['half a character', '{"type":"stdin","data":"\\ud800"}', '/data'],
    ['a signal that may not be sent', '{"type":"signal","signal":"SIGSTOP"}', '/signal'],
    ['a terminal without lines', '{"type":"resize","columns":80}', '/rows'],
    ['a terminal that is too wide', '{"type":"resize","columns":1001,"rows":1}', '/columns'],
    ['a field that is not known', '{"type":"eof","colour":"red"}', '/colour'],
    ['a field twice', '{"type":"stdin","data":"a","data":"b"}', '/data'],
    ['__proto__', '{"type":"eof","__proto__":{"seq":1}}', '/__proto__'],
    ['the number 0', '{"type":"eof","seq":0}', '/seq'],
    ['a negative number', '{"type":"eof","seq":-1}', '/seq'],
    ['half a number', '{"type":"eof","seq":1.5}', '/seq'],
    ['2^53 as a number', '{"type":"eof","seq":9007199254740992}', '/seq'],
    ['1e309 as a number', '{"type":"eof","seq":1e309}', '/seq'],
    ['a string as a number', '{"type":"eof","seq":"1"}', '/seq'],
    [
      'nesting without end',
      `{"type":"eof","seq":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      `/seq${'/0'.repeat(31)}`,
    ],
  ])('%s', (_what, text, pointer) => {
    const message = readMessage(text)
    if (!('unusable' in message)) throw new Error('it was taken')
    if (pointer === null) expect(message.unusable.detail).toContain('not JSON')
    else expect(message.unusable.errors.map((error) => error.pointer)).toContain(pointer)
  })
})
