/** What is fuzzed: something that reads bytes, and gives a value or a refusal of its own. */
export interface Decoder {
  readonly name: string;
  /** Real encodings. */
  readonly seeds: readonly Uint8Array[];
  /** Gives whether it accepted; throws its own refusal. */
  readonly decode: (bytes: Uint8Array) => boolean | Promise<boolean>;
  /** What is real is refused for what is not there, as the root of a bare node. */
  readonly isBare?: true;
}
