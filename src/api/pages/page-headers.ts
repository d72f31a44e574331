/**
 * The headers of a page. Whatever finds its way into one can load nothing from elsewhere, send nothing elsewhere, run no
 * script that is not a file of ours, and make no element of a text.
 * @param nonce what a style element must bear to count: the editor writes its styles into one
 */
export function pageHeaders(nonce: string): Record<string, string> {
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
  }
  return {
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': Object.entries(policy)
      .map(([directive, value]) => `${directive} ${value}`)
      .join('; '),
    'Permissions-Policy': NO_FEATURES.map((feature) => `${feature}=()`).join(', '),
    'X-Frame-Options': 'DENY',
  }
}

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
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': Object.entries(policy)
      .map(([directive, value]) => `${directive} ${value}`)
      .join('; '),
    'Permissions-Policy': NO_FEATURES.map((feature) => `${feature}=()`).join(', '),
    'X-Frame-Options': 'DENY',
  }
}

/** The clipboard is left: what is copied is the person's own doing. */
const NO_FEATURES = ['camera', 'display-capture', 'geolocation', 'microphone', 'midi', 'payment', 'serial', 'usb']
