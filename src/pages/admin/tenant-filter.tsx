import type { ComponentChildren } from 'preact'

/** A list of one tenant, or of all when it is empty. @param label of the list @param children further fields */
export function TenantFilter({
  label,
  tenant,
  onInput,
  children,
}: {
  label: string
  tenant: string
  onInput: (tenant: string) => void
  children?: ComponentChildren
}) {
  return (
    <form class="filters" role="search" aria-label={label} onSubmit={(event) => event.preventDefault()}>
      <div class="field">
        <label for="tenant">Tenant</label>
        <input
          class="input"
          id="tenant"
          value={tenant}
          placeholder="anybody"
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      </div>
      {children}
    </form>
  )
}
