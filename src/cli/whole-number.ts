import { InvalidArgumentError } from 'commander'

/** What reads an option that takes a whole number of this range: it throws InvalidArgumentError, naming the range, for anything else. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= minimum && value <= maximum) return value
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`)
  }
}
