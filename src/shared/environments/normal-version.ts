const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|rc|c)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/
const PRE: Record<string, string> = { alpha: 'a', beta: 'b', c: 'rc', pre: 'rc', preview: 'rc' }

/**
 * As package indexes compare versions (PEP 440): `v1.0.0-ALPHA` and `1a0` are the same. Trailing zeros of the release are left out.
 * @returns what is no version only in lower case
 */
export function normalVersion(text: string): string {
  const lower = text.trim().toLowerCase()
  const match = VERSION.exec(lower)
  if (!match) return lower
  const [, epoch = '0', release = '', pre, preNumber, implicitPost, post, postNumber, dev, devNumber, local] = match
  const parts = release.split('.').map(number)
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop()
  return [
    number(epoch) === '0' ? '' : `${number(epoch)}!`,
    parts.join('.'),
    pre === undefined ? '' : `${PRE[pre] ?? pre}${number(preNumber)}`,
    post === undefined && implicitPost === undefined ? '' : `.post${number(implicitPost ?? postNumber)}`,
    dev === undefined ? '' : `.dev${number(devNumber)}`,
    local === undefined ? '' : `+${local.split(/[-_.]/).map(localPart).join('.')}`,
  ].join('')
}

const number = (digits = ''): string => digits.replace(/^0+(?=\d)/, '') || '0'
const localPart = (part: string): string => (/^\d+$/.test(part) ? number(part) : part)
