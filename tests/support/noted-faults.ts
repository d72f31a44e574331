let noted: string[] = []

/** Notes what is wrong with something a gateway sent; the test that is under way fails for it. */
export const noteFault = (fault: string): void => void noted.push(fault)

/** What was noted since this was last asked for. */
export function takeNotedFaults(): string[] {
  const found = noted
  noted = []
  return found
}
