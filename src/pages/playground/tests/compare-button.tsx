/** Opens and closes what shows how the output of a test differs from its answer. */
export function CompareButton({
  index,
  open,
  onOpen,
}: {
  /** Of the test, from 0. */
  index: number
  /** Of the test that is open. */
  open: number | null
  onOpen: (index: number | null) => void
}) {
  const isOpen = open === index
  return (
    <button type="button" class="button quiet" aria-expanded={isOpen} onClick={() => onOpen(isOpen ? null : index)}>
      Difference<span class="unseen"> of test {index + 1}</span>
    </button>
  )
}
