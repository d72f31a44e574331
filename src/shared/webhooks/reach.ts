/** Where webhooks may go. */
export interface Reach {
  /** Internal addresses and networks (CIDR) that may be reached all the same, on every port. */
  allow: readonly string[]
  /** Addresses and networks that may not be reached, though they are public. */
  deny?: readonly string[] | undefined
  /** Ports that may be reached at all other addresses; every one when absent. */
  ports?: readonly number[] | undefined
}

/** What opens what is refused, in the words of a refusal. */
export const REACH_HINTS = {
  'address-not-allowed': 'the operator can open internal networks with WEBHOOK_ALLOW',
  'port-not-allowed': 'the operator lists the allowed ports in WEBHOOK_PORTS',
} as const

/** @param url of `http:` or `https:` */
export const portOf = ({ protocol, port }: Pick<URL, 'protocol' | 'port'>): number =>
  port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
