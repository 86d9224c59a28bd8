/**
 * Which protocol a connection speaks, decided once from its first bytes and never again. Pure.
 *
 * The trap: inline RESP `GET k` looks like HTTP until ` HTTP/1.1` ends the line, so the whole first line decides. What
 * is taken for HTTP never reaches the RESP parser: a browser can be made to POST to 127.0.0.1, and the body of such a
 * request must not be read as commands.
 */

export type Protocol = 'resp' | 'http1' | 'http2' | 'tls';
export type Sniff = Protocol | 'more';

/** Undecided bytes beyond which it is RESP (whose decoder then complains of the line). */
export const SNIFF_BYTES_MAX = 8192;

const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HTTP1_REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP\/1\.[0-9]$/;
/** What Redis closes the connection for: a header or method no client of Redis would begin with. */
const HTTP1_GIVEAWAY = /^(?:post |host:)/i;
const TLS_HANDSHAKE = 0x16;
const STAR = 42;
const LF = 10;
const CR = 13;

/** Decides by all bytes received so far. */
export function sniff(bytes: Buffer): Sniff {
  if (bytes.length === 0) return 'more';
  if (bytes[0] === STAR) return 'resp';
  if (bytes[0] === TLS_HANDSHAKE) return 'tls';
  const head = bytes.toString('latin1', 0, Math.min(bytes.length, HTTP2_PREFACE.length));
  if (head === HTTP2_PREFACE) return 'http2';
  if (bytes.length < HTTP2_PREFACE.length && HTTP2_PREFACE.startsWith(head)) return 'more';

  const lineEnd = bytes.indexOf(LF);
  if (lineEnd < 0) return bytes.length > SNIFF_BYTES_MAX ? 'resp' : 'more';
  const line = bytes.toString('latin1', 0, bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd);
  return HTTP1_REQUEST_LINE.test(line) || HTTP1_GIVEAWAY.test(line) ? 'http1' : 'resp';
}
