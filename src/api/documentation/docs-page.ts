import type { Config } from '../../shared/config/config.ts'

/** Nothing but what this gateway serves; Swagger UI's icons are images in its style sheet. */
export const DOCS_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Runyard API</title>
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="stylesheet" href="/docs/docs.css">
    <script src="/docs/theme.js"></script>
  </head>
  <body>
    <header class="docs-bar"><a href="/">Runyard</a> API</header>
    <noscript>This page needs JavaScript. The same, for machines: <a href="/openapi.json">/openapi.json</a>.</noscript>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/initializer.js"></script>
  </body>
</html>
`

/** The theme chosen on the other pages, else that of the system; before the first paint. */
export const DOCS_THEME = `{
  const system = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const chosen = localStorage.getItem('runyard.theme')
    const isDark = chosen === 'dark' || (chosen !== 'light' && system.matches)
    document.documentElement.classList.toggle('dark-mode', isDark)
  }
  apply()
  system.addEventListener('change', apply)
  addEventListener('storage', apply)
}
`

/** Swagger UI as it comes spreads what is the same in every refusal over many screens. */
export const DOCS_STYLE = `
body { margin: 0 }
html.dark-mode body { background: #1c2022 }
.docs-bar { display: flex; gap: 0.5rem; align-items: baseline; padding: 0.75rem 1.25rem; font: 0.9375rem system-ui, sans-serif; color: #43504d; border-bottom: 1px solid #dce2e0 }
.docs-bar a { color: #0a6b65; text-decoration: none }
.docs-bar a:hover { text-decoration: underline }
.docs-bar a:first-child { font-weight: 650 }
html.dark-mode .docs-bar { color: #b7c3c0; border-color: #343b3e }
html.dark-mode .docs-bar a { color: #5fc4bb }
.swagger-ui .info { margin: 1.5rem 0 }
.swagger-ui .scheme-container { margin: 0; padding: 1rem 0 }
.swagger-ui .response-col_links { display: none }
.swagger-ui .response:is([data-code^='4'], [data-code^='5']) .headers-wrapper { display: none }
.swagger-ui .response:is([data-code^='4'], [data-code^='5']) .renderedMarkdown p { margin: 0 0 0.25rem }
.swagger-ui .info .title small { background: #4d5561 }
.swagger-ui .info .title small.version-stamp { background: #3f6212 }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #17724a }
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1d5bb5 }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #b8242e }
.swagger-ui .opblock.opblock-put .opblock-summary-method { background: #8a5200 }
.swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0b6b60 }
.swagger-ui .btn.execute { background: #1d5bb5; border-color: #1d5bb5 }
.swagger-ui .download-contents { background: #4d5561 }
.swagger-ui .microlight span[style*='211, 99, 99'] { color: #f2a6a6 !important }
html:not(.dark-mode) .swagger-ui :is(.info a, .info .url, .renderedMarkdown a) { color: #0a6b65 }
html:not(.dark-mode) .swagger-ui .btn.authorize { color: #0a6b65; border-color: #0a6b65 }
html:not(.dark-mode) .swagger-ui .btn.authorize svg { fill: #0a6b65 }
html:not(.dark-mode) .swagger-ui .btn.cancel { color: #a31f29; border-color: #a31f29 }
html:not(.dark-mode) .swagger-ui :is(.parameter__in, .parameter__deprecated, .prop-format) { color: #4d5561 }
html:not(.dark-mode) .swagger-ui .renderedMarkdown code { color: #5b189a }
html.dark-mode .swagger-ui .btn.cancel { color: #ffb0ab !important; border-color: #ff8a85 !important }
html.dark-mode .swagger-ui :is(.examples-select__section-label, .example__section-header, .headers .header-col, .headers td) { color: #c5cdd0 }
`

/** See swagger.io/docs/open-source-tools/swagger-ui/usage/configuration. Keys that are entered are forgotten with the page. */
const OPTIONS = {
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  layout: 'BaseLayout',
  validatorUrl: null,
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
}

/**
 * What starts Swagger UI. Where nobody needs a key it shows no locks but at what always takes one. What it leaves unnamed for screen
 * readers, or out of reach of keys, is mended as it is drawn.
 */
export const docsScript = (auth: Config['auth']): string => `const options = ${JSON.stringify(OPTIONS, undefined, 2)}
const isKeyless = ${String(auth === 'none')}
const withoutLocks = (spec) => {
  const operations = Object.values(spec?.paths ?? {}).flatMap((item) => Object.values(item))
  for (const operation of operations) {
    if (operation.security?.some((choice) => Object.keys(choice).length === 0)) operation.security = []
  }
  return spec
}
const updateJsonSpec = (original) => (spec) => original(isKeyless ? withoutLocks(spec) : spec)
let frame = 0
const mend = () => {
  frame = 0
  const name = (selector, words) => {
    for (const one of document.querySelectorAll(selector + ':not([aria-label])')) {
      one.setAttribute('aria-label', typeof words === 'string' ? words : words(one))
    }
  }
  name('#servers', 'Server')
  name('.examples-select-element', 'Example')
  name('.content-type', 'Media type')
  name('textarea.body-param__text', 'Request body')
  name('tr[data-param-name] :is(select, input, textarea)', (one) => one.closest('tr').dataset.paramName)
  for (const code of document.querySelectorAll('pre.microlight:not([tabindex])')) code.tabIndex = 0
  for (const link of document.querySelectorAll('button a[href]')) link.removeAttribute('href')
}
// Once for all that changed before a frame.
new MutationObserver(() => (frame ||= requestAnimationFrame(mend))).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true })
SwaggerUIBundle({ ...options, plugins: [{ statePlugins: { spec: { wrapActions: { updateJsonSpec } } } }] })
`
