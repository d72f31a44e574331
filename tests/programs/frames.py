import os
import struct

report = (
    b'{"reason":"exit","exitCode":0,"signal":null,"wallUs":1,"cpuUs":1,"memoryPeakBytes":1,"oomKills":0,'
    b'"stdoutBytes":0,"stderrBytes":0,"truncated":false,"error":null}'
)
for kind in b'DOXRZFA':
    frame = struct.pack('>BI', kind, len(report)) + report
    os.write(1, frame)
    os.write(1, struct.pack('>BxxxI', 1, len(frame)) + frame)
os.write(1, b'id: 1\nevent: result\ndata: {}\n\n')
raise SystemExit(7)
