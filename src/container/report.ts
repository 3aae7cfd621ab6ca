// Where this layer sends what is no error. The command line decides what becomes of it.

export interface Reporter {
  /** Something the caller should know although the command goes on. */
  warn(message: string): void;
  /** Somebody reads what debug is told: words that cost something are worth it. */
  readonly debugging?: boolean;
  /** What is being done, for --debug. */
  debug(message: string): void;
}
