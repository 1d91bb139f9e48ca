/**
 * A log of lines: for people (text) or for programs (JSON), from a level on.
 *
 *   2026-01-31T12:00:00.000Z info  block imported number=17 hash=0x…
 *   {"time":"2026-01-31T12:00:00.000Z","level":"info","message":"block imported","number":17,…}
 *
 * What clients sent stands in a log as JSON, so that it can make no lines of its own.
 */

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line says beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

type Say = (message: string, fields?: LogFields) => void;

export interface Logger extends Readonly<Record<LogLevel, Say>> {
  /** Whether lines of a level are written: for what costs to say. */
  writes(level: LogLevel): boolean;
  /** One that says more in each line. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** 'info' when left out. */
  readonly level?: LogLevel | 'silent';
  /** 'text' when left out. */
  readonly format?: 'text' | 'json';
  /** Takes a line with its end; standard error when left out. */
  readonly write?: (line: string) => void;
}

/** Longer values are cut: a request may have megabytes. */
const VALUE_CHARACTERS_MAX = 1_000;

export function createLogger(options: LoggerOptions = {}): Logger {
  return loggerOf(options, {});
}

/** For whoever wants none. */
export const SILENT: Logger = createLogger({ level: 'silent' });

function loggerOf(options: LoggerOptions, common: LogFields): Logger {
  const { level: from = 'info', format = 'text', write = toStandardError } = options;
  const line = format === 'json' ? jsonLine : textLine;
  const writes = (level: LogLevel) =>
    from !== 'silent' && LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(from);
  const say = (level: LogLevel): Say =>
    writes(level)
      ? (message, fields = {}) => write(line(level, message, { ...common, ...fields }))
      : () => {};
  return {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('debug'),
    writes,
    with: (fields) => loggerOf(options, { ...common, ...fields }),
  };
}

let isGuarded = false;

function toStandardError(line: string): void {
  // Nobody may read it any more: that is no reason to end.
  if (!isGuarded) process.stderr.on('error', () => {});
  isGuarded = true;
  process.stderr.write(line);
}

function jsonLine(level: LogLevel, message: string, fields: LogFields): string {
  const plain = Object.entries(fields).map(([name, value]) => [name, plainOf(value)]);
  const line = { time: new Date().toISOString(), level, message, ...Object.fromEntries(plain) };
  return `${JSON.stringify(line)}\n`;
}

function textLine(level: LogLevel, message: string, fields: LogFields): string {
  const said = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${shown(plainOf(value))}`);
  return `${new Date().toISOString()} ${level.padEnd(5)} ${message}${said.join('')}\n`;
}

type Plain = string | number | boolean | null | undefined;

function plainOf(value: unknown): Plain {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'string':
      return cut(value);
    case 'bigint':
      return value.toString();
    default:
      if (value === null) return null;
      return value instanceof Error ? cut(value.stack ?? value.message) : cut(textOf(value));
  }
}

function textOf(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'bigint' ? inner.toString() : inner,
    );
    return text ?? String(value);
  } catch {
    return String(value);
  }
}

function cut(text: string): string {
  const { length } = text;
  return length <= VALUE_CHARACTERS_MAX
    ? text
    : `${text.slice(0, VALUE_CHARACTERS_MAX)}… ${length}`;
}

/** As it is where it is one word of plain characters. */
function shown(value: Plain): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w.:/@+,-]+$/.test(value) ? value : escaped(JSON.stringify(value));
}

/** JSON leaves characters that some terminals act upon. */
function escaped(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
