/** Bytecode in the making: opcodes by name, constants by value, jumps by label. */
import { type ForkName, forkIndex } from '../../src/evm/forks/names.ts';
import { opcodeByte } from '../../src/evm/opcodes/table.ts';

export interface Label {
  pc: number | undefined;
}

export class Program {
  readonly #fork: ForkName;
  readonly #bytes: number[] = [];
  readonly #jumps: { readonly at: number; readonly label: Label; readonly offset: number }[] = [];

  constructor(fork: ForkName) {
    this.#fork = fork;
  }

  get size(): number {
    return this.#bytes.length;
  }

  op(...names: readonly string[]): this {
    for (const name of names) this.#bytes.push(opcodeByte(name));
    return this;
  }

  byte(...values: readonly number[]): this {
    for (const value of values) this.#bytes.push(value);
    return this;
  }

  /** The shortest push of a value; PUSH0 where the fork has it. */
  push(value: bigint | number, size = 0): this {
    const digits = BigInt(value).toString(16);
    const bytes = BigInt(value) === 0n ? [] : [...Uint8Array.fromHex(even(digits))];
    const needed = forkIndex(this.#fork) >= forkIndex('shanghai') ? 0 : 1;
    while (bytes.length < Math.max(size, needed)) bytes.unshift(0);
    this.#bytes.push(0x5f + bytes.length, ...bytes);
    return this;
  }

  /** Pushes where a label will be, plus an offset in bytes. */
  pushLabel(label: Label, offset = 0): this {
    this.#jumps.push({ at: this.#bytes.length + 1, label, offset });
    this.#bytes.push(0x61, 0, 0);
    return this;
  }

  /** JUMPDEST under a label. */
  place(label: Label): this {
    label.pc = this.#bytes.length;
    return this.op('JUMPDEST');
  }

  jump(label: Label): this {
    return this.pushLabel(label).op('JUMP');
  }

  jumpIf(label: Label): this {
    return this.pushLabel(label).op('JUMPI');
  }

  /** The bytes, with jumps pointing where their labels were placed. */
  assemble(): Uint8Array {
    for (const { at, label, offset } of this.#jumps) {
      const target = (label.pc ?? 0xffff) + offset;
      this.#bytes[at] = (target >> 8) & 0xff;
      this.#bytes[at + 1] = target & 0xff;
    }
    return Uint8Array.from(this.#bytes);
  }
}

export function newLabel(): Label {
  return { pc: undefined };
}

function even(digits: string): string {
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}
