const STORED = 'runyard.key'

/** The API key of this tab, gone with it. A page that is opened from this one does not get it. */
export const keyStore = {
  read: (): string | null => sessionStorage.getItem(STORED),
  write: (key: string): void => sessionStorage.setItem(STORED, key),
  forget: (): void => sessionStorage.removeItem(STORED),
}
