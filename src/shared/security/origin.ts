/** Where a submission came from, for the log and the security events of the worker that runs it. */
export interface Origin {
  requestId: string
  /** IPv4 address, or IPv6 network of 64 bits, e.g. `2001:db8:1:2::/64`. */
  address: string
  /** Null for a caller without a key. */
  keyId: string | null
  /** Whom its platform runs it for, when it said so. */
  endUser?: string
}
