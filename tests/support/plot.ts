export interface Series {
  name: string
  points: readonly { x: number; y: number }[]
}

export interface Panel {
  title: string
  series: readonly Series[]
}

const WIDTH = 860
const PANEL = 230
const LEFT = 60
const RIGHT = 150
const TOP = 34
const BOTTOM = 30
const COLOURS = ['#1f6feb', '#d9480f', '#2b8a3e', '#862e9c', '#495057', '#c2255c']

/** Panels of lines below each other, over the same x axis. @param unit of x */
export function plot(panels: readonly Panel[], unit: string): string {
  const xs = panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(({ x }) => x)))
  const most = Math.max(1, ...xs)
  const height = panels.length * PANEL
  const drawn = panels.map((panel, index) => drawPanel(panel, index * PANEL, most, unit))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}

function drawPanel({ title, series }: Panel, offset: number, mostX: number, unit: string): string {
  const top = offset + TOP
  const bottom = offset + PANEL - BOTTOM
  const mostY = Math.max(1, ...series.flatMap(({ points }) => points.map(({ y }) => y)))
  const stepY = niceStep(mostY / 4)
  const ceiling = Math.ceil(mostY / stepY) * stepY
  const px = (x: number) => (LEFT + (x / mostX) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const py = (y: number) => (bottom - (y / ceiling) * (bottom - top)).toFixed(1)
  const lines: string[] = [`<text x="${LEFT}" y="${offset + 20}" font-weight="bold">${title}</text>`]
  for (let y = 0; y <= ceiling; y += stepY) {
    lines.push(`<path d="M${LEFT} ${py(y)}H${WIDTH - RIGHT}" stroke="#e0e0e0"/>`)
    lines.push(`<text x="${LEFT - 6}" y="${Number(py(y)) + 4}" text-anchor="end">${y}</text>`)
  }
  const stepX = niceStep(mostX / 8)
  for (let x = 0; x <= mostX; x += stepX) {
    lines.push(`<text x="${px(x)}" y="${bottom + 16}" text-anchor="middle">${x} ${unit}</text>`)
  }
  for (const [index, { name, points }] of series.entries()) {
    const colour = COLOURS[index % COLOURS.length]
    const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${px(x)} ${py(y)}`).join('')
    lines.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`)
    lines.push(`<rect x="${WIDTH - RIGHT + 12}" y="${top + index * 18}" width="10" height="10" fill="${colour}"/>`)
    lines.push(`<text x="${WIDTH - RIGHT + 27}" y="${top + 9 + index * 18}">${name}</text>`)
  }
  return lines.join('\n')
}

/** 1, 2 or 5 times a power of ten, not below this. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least) ?? 10 * power
  return Math.max(1, step)
}
