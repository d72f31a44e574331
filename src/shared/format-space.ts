const MEGABYTE = 1_000_000

/** `812 MB`, `1.4 GB`: as much as a person needs to decide. */
export function formatSpace(bytes: number): string {
  const megabytes = bytes / MEGABYTE
  return megabytes < 1000 ? `${Math.max(1, Math.round(megabytes))} MB` : `${(megabytes / 1000).toFixed(1)} GB`
}
