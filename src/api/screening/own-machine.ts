const OWN = /\b127(?:\.\d{1,3}){3}\b|\blocalhost\b|::1\b|\bINADDR_LOOPBACK\b|\bLOCALHOST\b/
const ADDRESS = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])(?:\/\d{1,2})?/g
/** A host elsewhere, wherever it stands; a call, such as `log.info(`, is none. */
const NAME = /\w\.(?:com|net|org|edu|gov|info|xyz|onion|example|test|internal|lan|ru|cn|de|uk)\b(?!\()/
/**
 * Endings that are names of members and files as often, `self.app` or `df.top`: a host only as the beginning of a string or behind
 * `://` or `@`. A module's name, as in `require('socket.io')`, is none.
 */
const QUOTED_NAME =
  /(?:(?<!\b(?:require|import)\(|\b(?:from|import) )['"`]|:\/\/|@)(?:[\w-]+\.)+(?:io|dev|app|co|ai|biz|cc|tv|top|site|online|club|pw|su|eu|us|nl|fr|br|jp|kr|tk)(?=['"`:/\s]|$)/

/**
 * Whether a text names an address of its own machine and none of another: what it connects to, tries and serves is itself. Which
 * address is used where is not looked at.
 */
export function speaksOfItself(text: string): boolean {
  if (!OWN.test(text) || NAME.test(text) || QUOTED_NAME.test(text)) return false
  for (const [address] of text.matchAll(ADDRESS)) {
    if (!/^(?:127\.|0\.0\.0\.0$|255\.)/.test(address)) return false
  }
  return true
}
