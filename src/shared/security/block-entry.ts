/** A block as it is kept in Redis; the script of record-script.ts writes the same. */
export interface BlockEntry {
  /** `address:`, `key:` or `end-user:` and what is blocked. */
  subject: string
  sinceMs: number
  /** Null: until somebody lifts it. */
  untilMs: number | null
  reason: string
  /** Who did it: `score`, or an operator. */
  by: string
}
