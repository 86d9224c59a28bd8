/** The options of kvctl import, as the command line gives them. */
import type { ProgressForm } from '../transfer/progress.ts';
import type { Format } from './batch.ts';

export interface ImportOptions {
  format?: Format;
  key?: string;
  value?: string;
  as: 'structured' | 'text';
  delimiter: string;
  ttl?: number;
  ifAbsent?: boolean;
  onError: 'skip' | 'stop';
  dryRun?: boolean;
  retryFor: number;
  window: number;
  threads?: number;
  progress: ProgressForm;
}
