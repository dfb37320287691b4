// How formatted words of this desktop begin: so they are told from a quote of the server. Pure.

export const OPENING = "<div>";
export const CLOSING = "</div>";

// Whether HTML was written here, and is more than the quote with which an answer begins.
export function isFormatted(html: string): boolean {
  return html.startsWith(OPENING);
}
