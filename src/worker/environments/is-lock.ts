/** Whether a manifest is a lock already: every package in one version, with hashes. It is installed as it stands then. */
export function isLock(manifest: string): boolean {
  const lines = manifest
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
  return (
    lines.length > 0 &&
    lines.every((line) => /^[A-Za-z0-9][A-Za-z0-9._-]*==\S+ .*--hash=sha256:[0-9a-f]{64}/.test(line))
  )
}
