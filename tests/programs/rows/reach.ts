import { said } from './expectations.ts'
import type { HostileRow } from './row.ts'

export const reach: readonly HostileRow[] = [
  {
    title: 'nothing answers on any network',
    threat: ['Redis', 'the gateway', "the host's loopback", '169.254.169.254'],
    program: 'connect-anywhere.py',
    hostPorts: true,
    expect: said(
      /^(host port ECONNREFUSED\n){8}(host port, IPv6 (ECONNREFUSED|EADDRNOTAVAIL)\n){3}metadata ENETUNREACH\ngateway ENETUNREACH\ninternet ENETUNREACH\ninternet, IPv6 ENETUNREACH\nudp ENETUNREACH\nbroadcast (ENETUNREACH|EACCES)\ndns no such name\n$/,
    ),
  },
  {
    title: 'no engine, database or bus can be reached by a socket',
    threat: "the container engine's socket",
    program: 'connect-to-engine.py',
    expect: said('reached: []\nsockets: []\nin the table: 0\n'),
  },
]
