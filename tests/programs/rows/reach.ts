import { hasIpv6, hasIpv6Loopback } from '../../support/ipv6.ts'
import { said } from './expectations.ts'
import type { HostileRow } from './row.ts'

const HERE = hasIpv6Loopback ? 'ECONNREFUSED' : hasIpv6 ? '(EADDRNOTAVAIL|ENETUNREACH)' : 'EAFNOSUPPORT'
const ELSEWHERE = hasIpv6 ? '(ENETUNREACH|EADDRNOTAVAIL)' : 'EAFNOSUPPORT'

export const reach: readonly HostileRow[] = [
  {
    title: 'nothing answers on any network',
    threat: ['Redis', 'the gateway', "the host's loopback", '169.254.169.254'],
    program: 'connect-anywhere.py',
    hostPorts: true,
    expect: said(
      new RegExp(
        `^(host port ECONNREFUSED\n){8}(host port, IPv6 ${HERE}\n){3}metadata ENETUNREACH\ngateway ENETUNREACH\ninternet ENETUNREACH\ninternet, IPv6 ${ELSEWHERE}\nudp ENETUNREACH\nbroadcast (ENETUNREACH|EACCES)\ndns no such name\n$`,
      ),
    ),
  },
  {
    title: 'no engine, database or bus can be reached by a socket',
    threat: "the container engine's socket",
    program: 'connect-to-engine.py',
    expect: said('reached: []\nsockets: []\nin the table: 0\n'),
  },
]
