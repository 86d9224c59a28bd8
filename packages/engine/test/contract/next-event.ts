import { type EventEmitter, once } from 'node:events';

/** The next event of that name. Keeps the process alive meanwhile: the ports and threads a test waits for may be unref'd. */
export async function nextEvent(emitter: EventEmitter, name: string): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  try {
    await once(emitter, name);
  } finally {
    clearInterval(alive);
  }
}
