import { readDoc } from '../docs/tables.ts'

interface Panel {
  type: string
  title: string
  targets?: { expr: string }[]
}

/** Every query of the dashboard, which shows it, and of the alerts, by where it stands. */
export function queries(): { where: string; expr: string; isShown: boolean }[] {
  const { panels } = JSON.parse(readDoc('deploy/grafana/runyard.json')) as { panels: Panel[] }
  const shown = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: title, expr, isShown: true })),
  )
  const alerts = readDoc('deploy/prometheus/alerts.yml')
    .split(/^ +- alert: /m)
    .slice(1)
  const watched = alerts.map((text) => {
    const expr = /expr: (?:>-)?([\s\S]*?)\n +(?:for|labels):/.exec(text)?.[1]?.replaceAll(/\s+/g, ' ').trim() ?? ''
    return { where: text.split('\n', 1)[0] ?? '', expr, isShown: false }
  })
  return [...shown, ...watched]
}

/** Names of the metrics a query asks for, as they are documented: a histogram by its own name. */
export function metricsOf(expr: string): { name: string; labels: string[] }[] {
  const found = [...expr.matchAll(/\b((?:runyard|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)]
  return found.map(([, name = '', selectors = '']) => ({
    name: name.replace(/_(?:bucket|count|sum)$/, ''),
    labels: [...selectors.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }))
}
