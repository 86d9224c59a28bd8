/**
 * TlsFront: TLS around any of the protocols.
 *
 * Owns      certificate, key and what is demanded of clients. The server's order of ciphers counts, not the client's.
 * Does not  know what is spoken inside, or limit how long a handshake takes (protocol-detector.ts).
 * Invariant TL1  with `ca`, nothing a client sends is read unless one of its authorities vouches for the client's certificate.
 */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { ServerStartError } from '../engine/errors.ts';

/** TLS of a server. Certificates and key in PEM. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Who signs the certificates of clients: each client must then show one. */
  readonly ca?: string | Buffer | undefined;
  /** Refuse clients that do not begin with TLS. Default: they are served too, unless `ca` is given, which they would get around. */
  readonly only?: boolean | undefined;
}

/** Without a name, OpenSSL ends the connection of a client with a certificate that resumes a session. */
const SESSIONS = 'quintet';

export class TlsFront {
  readonly only: boolean;
  private readonly secureContext: SecureContext;
  private readonly asksClients: boolean;

  /** @throws {ServerStartError} BAD_CERTIFICATE */
  constructor({ cert, key, ca, only }: TlsOptions) {
    this.asksClients = ca !== undefined;
    this.only = only ?? this.asksClients;
    try {
      // createSecureContext takes anything for an authority, and would then refuse every client.
      if (ca !== undefined) new X509Certificate(ca);
      const asked = ca === undefined ? {} : { ca };
      const rules = { honorCipherOrder: true, minVersion: 'TLSv1.2', sessionIdContext: SESSIONS } as const;
      this.secureContext = createSecureContext({ cert, key, ...asked, ...rules });
    } catch (cause) {
      throw new ServerStartError(
        'BAD_CERTIFICATE',
        `certificate, key or authority cannot be used: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
  }

  /** The socket inside. `onStranger`: the client has shown no certificate that will do, and is cut off. */
  wrap(socket: Socket, onStranger: () => void): TLSSocket {
    const inside = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.secureContext,
      requestCert: this.asksClients,
      rejectUnauthorized: this.asksClients,
      // In order of preference: h2 is gRPC's alone, and clients of gRPC offer nothing else; browsers and curl offer both.
      ALPNProtocols: ['http/1.1', 'h2', 'redis'],
    });
    inside.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') onStranger();
      inside.destroy();
    });
    inside.once('secure', () => {
      if (this.asksClients && !isVouchedFor(inside)) {
        onStranger();
        inside.destroy();
      }
      // HTTP/2 waits for this to be so, and without a tls.Server nobody else sets it.
      Object.assign(inside, { secureConnecting: false });
    });
    return inside;
  }
}

/**
 * OpenSSL refuses clients without a certificate by itself, and leaves it to tls.Server to ask what it found of the others. There
 * is no tls.Server here: so it is asked in the same way. Whatever cannot be asked is refused.
 */
function isVouchedFor(inside: TLSSocket): boolean {
  const { _handle: handle } = inside as { _handle?: { verifyError?: () => Error | null | undefined } };
  return handle?.verifyError !== undefined && (handle.verifyError() ?? null) === null;
}
