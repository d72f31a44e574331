import { createDockerDemux, NotMultiplexed } from '../../src/worker/sandbox/docker-demux.ts'

describe('an attach stream', () => {
  const block = (stream: number, text: string) => {
    const header = Buffer.alloc(8)
    header[0] = stream
    header.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([header, Buffer.from(text)])
  }
  const stream = Buffer.concat([block(1, 'one'), block(2, 'error'), block(1, ''), block(0, 'zero'), block(1, 'two')])
  const joined = (parts: { stdout: Buffer[]; stderr: Buffer[] }[]) => ({
    stdout: Buffer.concat(parts.flatMap((part) => part.stdout)).toString(),
    stderr: Buffer.concat(parts.flatMap((part) => part.stderr)).toString(),
  })

  test('is taken apart the same wherever it is split', () => {
    for (let at = 0; at <= stream.length; at++) {
      const demux = createDockerDemux()
      const parts = [demux.push(stream.subarray(0, at)), demux.push(stream.subarray(at))]
      expect(joined(parts)).toEqual({ stdout: 'onezerotwo', stderr: 'error' })
    }
  })

  test('is taken apart byte by byte', () => {
    const demux = createDockerDemux()
    const parts = [...stream].map((byte) => demux.push(Buffer.of(byte)))
    expect(joined(parts)).toEqual({ stdout: 'onezerotwo', stderr: 'error' })
  })

  test('is passed on before its block is whole', () => {
    const demux = createDockerDemux()
    expect(joined([demux.push(block(1, 'abcdef').subarray(0, 10))]).stdout).toBe('ab')
  })

  test.each(['\u0003\0\0\0\0\0\0\u0001', '\u0001\0\0\u0001\0\0\0\u0001', 'HTTP/1.1'])('is not %j', (header) => {
    expect(() => createDockerDemux().push(Buffer.from(header, 'latin1'))).toThrow(NotMultiplexed)
  })
})
