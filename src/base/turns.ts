/** Work that is done one after another, in the order in which it was asked for. */

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Does the work when all that was asked for before has ended, well or not. */
  take<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.then(
      () => {},
      () => {},
    );
    return done;
  }
}
