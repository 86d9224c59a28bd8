// A worker thread cannot begin in TypeScript on Node 20, nor with --import tsx; registering tsx from plain JavaScript
// works on all versions.
import { register } from 'tsx/esm/api';

register();
await import('./load-thread.ts');
