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
    <main id="swagger-ui"></main>
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

export const DOCS_SCRIPT = `SwaggerUIBundle(${JSON.stringify(OPTIONS, undefined, 2)})\n`
