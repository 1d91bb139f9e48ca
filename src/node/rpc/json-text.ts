/** A method's result that is JSON already: another thread has written it. */

export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
