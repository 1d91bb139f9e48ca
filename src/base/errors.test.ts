import { describe, expect, it } from 'vitest';
import { AssertionError, assert, unreachable } from './assert.ts';
import { CAUSES_MAX, FOREIGN_CODE, fromPlain, IronflyError, toPlain } from './errors.ts';

class SampleError extends IronflyError<'sample/a' | 'sample/b'> {}

describe('errors', () => {
  it('carry name, code, details and cause', () => {
    const cause = new TypeError('inner');
    const error = new SampleError('sample/a', '5 is too large', { details: { value: 5n }, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('SampleError');
    expect(error.code).toBe('sample/a');
    expect(error.details).toEqual({ value: 5n });
    expect(error.cause).toBe(cause);
  });

  it('without a cause have no property of that name', () => {
    expect('cause' in new SampleError('sample/b', 'x')).toBe(false);
  });

  it('survive structured cloning as plain data', () => {
    const inner = new TypeError('inner');
    const error = new SampleError('sample/b', 'outer', {
      details: { size: 7, name: 'x', on: true, none: undefined, big: 1n << 70n },
      cause: inner,
    });
    const back = fromPlain(structuredClone(toPlain(error)));
    expect(back).toBeInstanceOf(IronflyError);
    expect(back.name).toBe('SampleError');
    expect(back.code).toBe('sample/b');
    expect(back.message).toBe('outer');
    expect(back.details).toEqual(error.details);
    expect(back.stack).toBe(error.stack);
    expect(back.cause).toMatchObject({ name: 'TypeError', code: FOREIGN_CODE, message: 'inner' });
  });

  it('cut a cycle of causes', () => {
    const error = new Error('loop');
    error.cause = error;
    let depth = 0;
    for (let plain = toPlain(error).cause; plain !== undefined; plain = plain.cause) depth += 1;
    expect(depth).toBe(CAUSES_MAX);
  });

  it('take any thrown value', () => {
    expect(toPlain('text')).toMatchObject({ code: FOREIGN_CODE, message: 'text' });
    expect(toPlain(undefined).message).toBe('undefined');
  });

  it('assert passes and fails', () => {
    assert(true, 'fine');
    expect(() => assert(false, '3 is not 4', { value: 3 })).toThrow(AssertionError);
    expect(() => unreachable('x' as never)).toThrow('no case for x');
  });
});
