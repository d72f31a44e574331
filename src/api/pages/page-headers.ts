/**
 * The headers of a page. Whatever finds its way into one can load nothing from elsewhere, send nothing elsewhere, run no
 * script that is not a file of ours, and make no element of a text.
 * @param nonce what a style element must bear to count: the editor writes its styles into one
 * @param more other rules of a page, in place of these
 */
export function pageHeaders(nonce: string, more: Record<string, string> = {}): Record<string, string> {
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': `'self' 'nonce-${nonce}'`,
    'img-src': "'self'",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'self'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
    ...more,
  }
  return { ...headersOf(policy), 'Cache-Control': 'no-cache', 'X-Frame-Options': 'DENY' }
}

/** The notebook shows images that programs made, from memory, and frames of its own origin's address; nothing they show gets elsewhere. */
export const NOTEBOOK_RULES = { 'img-src': "'self' blob:", 'frame-src': "'self'" }

/**
 * Those of the page in which a notebook shows HTML of programs. Whoever opens it gets an origin that is nobody's. It runs its own script
 * alone, and has styles and images of what it shows; it can load, send and open nothing.
 */
export function frameHeaders(nonce: string): Record<string, string> {
  const policy = {
    'default-src': "'none'",
    'script-src': `'nonce-${nonce}'`,
    'style-src': "'unsafe-inline'",
    'img-src': 'data:',
    'font-src': 'data:',
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'self'",
    sandbox: 'allow-scripts',
  }
  return { ...headersOf(policy), 'Cache-Control': 'no-cache', 'X-Frame-Options': 'SAMEORIGIN' }
}

const headersOf = (policy: Record<string, string>): Record<string, string> => ({
  'Content-Security-Policy': Object.entries(policy)
    .map(([directive, value]) => `${directive} ${value}`)
    .join('; '),
  'Permissions-Policy': NO_FEATURES.map((feature) => `${feature}=()`).join(', '),
})

/**
 * Those of bull-board, which is not ours: it sets its page's base, and makes elements of texts of its own, so that two of the rules above
 * do not hold. It loads and sends nothing elsewhere either, and its elements' styles are set by script.
 */
export function queueBoardHeaders(): Record<string, string> {
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    // Of one element its script makes; should a later version make another, it lacks a movement.
    'style-src': "'self' 'sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU='",
    'font-src': "'self'",
    'img-src': "'self' data:",
    'connect-src': "'self'",
    'base-uri': "'self'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  }
  return { ...headersOf(policy), 'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY' }
}

/** The clipboard is left: what is copied is the person's own doing. */
const NO_FEATURES = ['camera', 'display-capture', 'geolocation', 'microphone', 'midi', 'payment', 'serial', 'usb']
