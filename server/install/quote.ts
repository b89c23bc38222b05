/** One word of a POSIX shell: nothing in it is expanded, whatever it holds. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * A string of PowerShell in ASCII. PowerShell takes typographic apostrophes for quotes, and 5.1 may read a script in the machine's
 * own code page, where other letters become such apostrophes; so everything beyond plain ASCII travels as Base64.
 */
export function powershellQuote(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return `'${text.replaceAll("'", "''")}'`
  return `([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${Buffer.from(text).toString('base64')}')))`
}
