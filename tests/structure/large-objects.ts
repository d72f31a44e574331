/** How objects are named that are made to be handed about. */
const HANDED_ABOUT =
  /\b(?:interface|type) (\w*(?:Actions|Context|Core|Feature|Host|Needs|Options|Parts|Props))(?:<.*>)?(?: extends [^{]+| =)? \{$/gm

const MOST_MEMBERS = 10

/** Interfaces and types of a file that are handed about and have more than ten members of their own. */
export function largeObjects({ path, text }: { path: string; text: string }) {
  const lines = text.replaceAll(/\/\*[^]*?\*\//g, '')
  return [...lines.matchAll(HANDED_ABOUT)]
    .map((found) => ({ name: found[1] ?? '', path, members: countMembers(lines.slice(found.index)) }))
    .filter(({ members }) => members > MOST_MEMBERS)
}

/** As the formatter writes them: each member begins a line two columns in, and the brace that ends them one at the margin. */
function countMembers(text: string): number {
  const [body = ''] = text.split('\n}', 1)
  return body.match(/^ {2}(?:readonly )?['\w]+\??(?:[:(<])/gm)?.length ?? 0
}
