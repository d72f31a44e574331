import { expect, test } from '@jest/globals'
import { AgentFault } from '../../src/worker/sessions/agent-decoder.ts'
import { createBridgeReader, MAX_LINE_BYTES } from '../../src/worker/sessions/bridge-lines.ts'

const message = {
  event: 'message',
  context: 'k1',
  channel: 'iopub',
  type: 'stream',
  id: 'm1',
  parent: 'x1',
  content: { text: 'ä' },
  metadata: {},
}

test('lines may be cut anywhere, inside of characters too', () => {
  const read = createBridgeReader()
  const bytes = Buffer.from(`${JSON.stringify(message)}\n${JSON.stringify({ event: 'bridge' })}\n`)
  const events = [...bytes].flatMap((byte) => read(Buffer.from([byte])))
  expect(events).toEqual([message, { event: 'bridge' }])
})

test.each([
  'no JSON',
  '[]',
  'null',
  '{"event": "ready"}',
  '{"event": "other", "context": "k1"}',
  '{"event": "message", "context": "k1", "channel": "iopub", "type": 1, "id": "a", "content": {}, "metadata": {}}',
  '{"event": "message", "context": "k1", "channel": "iopub", "type": "t", "id": "a", "content": [], "metadata": {}}',
])('what is none of its lines is a fault: %s', (line) => {
  expect(() => createBridgeReader()(Buffer.from(`${line}\n`))).toThrow(AgentFault)
})

test('a line without an end is a fault', () => {
  const read = createBridgeReader()
  const piece = Buffer.alloc(1024 * 1024, 0x61)
  expect(() => {
    for (let bytes = 0; bytes <= MAX_LINE_BYTES; bytes += piece.length) read(piece)
  }).toThrow(AgentFault)
})
