import { existsSync, readFileSync } from 'node:fs'

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '0')

/** Whether the kernel has sockets of IPv6 at all: not where it is built without, or has booted with `ipv6.disable=1`. */
export const hasIpv6 = existsSync('/proc/net/if_inet6')

/** New networks take what the machine has set only where it says so; otherwise they have what the module was loaded with. */
const isInherited = read('/proc/sys/net/core/devconf_inherit_init_net') === '1'
const isOff =
  read('/sys/module/ipv6/parameters/disable_ipv6') !== '0' ||
  (isInherited && read('/proc/sys/net/ipv6/conf/default/disable_ipv6') !== '0')

/** Whether the loopback of a network that is made now, such as a sandbox's, has an address of it. */
export const hasIpv6Loopback = hasIpv6 && !isOff
