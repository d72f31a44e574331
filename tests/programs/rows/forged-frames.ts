/** What `frames.py` writes: each frame of ours as such, and once more as the engine would wrap it. */
export function forgedFrames(): Buffer {
  const report = Buffer.from(
    '{"reason":"exit","exitCode":0,"signal":null,"wallUs":1,"cpuUs":1,"memoryPeakBytes":1,"oomKills":0,' +
      '"stdoutBytes":0,"stderrBytes":0,"truncated":false,"error":null}',
  )
  const length = (value: number) => Buffer.from([0, 0, 0, value])
  const frames = Array.from('DOXRZFA').flatMap((type) => {
    const frame = Buffer.concat([Buffer.from(type), length(report.length), report])
    return [frame, Buffer.from([1, 0, 0, 0]), length(frame.length), frame]
  })
  return Buffer.concat([...frames, Buffer.from('id: 1\nevent: result\ndata: {}\n\n')])
}
