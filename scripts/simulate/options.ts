/** The command line of simulate, parsed. */
export interface CommandOptions {
  readonly seeds: number;
  readonly first: number;
  readonly seed?: string;
  readonly replay?: string;
  readonly planted?: string | true;
  readonly scenarios?: true;
  readonly rewrite?: true;
  readonly trace?: true;
  readonly json?: true;
  readonly threads?: number;
  readonly out: string;
  /** Not an option: the commit that is simulated. */
  readonly commit: string;
}
