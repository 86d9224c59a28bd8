/** What a session needs of a connection: a socket (socket-transport.ts), or in tests none. */
export interface Transport {
  /** `host:port` of the client and of ours. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Bytes written and not yet taken by the kernel. */
  readonly unsentBytes: number;
  /** Of those, what the kernel could not take yet: also a part of one write that it took shows here. */
  readonly stuckBytes: number;
  /** Writes a one-byte string, or bytes that will not change. */
  write(text: string | Uint8Array): void;
  pause(): void;
  resume(): void;
  /** Ends the connection once all that was written is sent. */
  end(): void;
  destroy(): void;
}
