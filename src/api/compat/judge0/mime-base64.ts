const LINE = /.{1,60}/g

/** Base64 as Judge0 sends it: a newline after every 60 characters, and at the end. */
export const mimeBase64 = (bytes: Buffer): string =>
  (bytes.toString('base64').match(LINE) ?? []).map((line) => `${line}\n`).join('')
