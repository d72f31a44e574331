import type { ComponentChildren } from 'preact'

/** What is known of one thing: a name and a value each, and below them what takes a whole line. @param label of the section, for who does not see it */
export function FactList({
  label,
  facts,
  children,
}: {
  label: string
  facts: readonly (readonly [name: string, value: ComponentChildren])[]
  children?: ComponentChildren
}) {
  return (
    <section class="card facts wide">
      <h2 class="unseen">{label}</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {children}
      </dl>
    </section>
  )
}
