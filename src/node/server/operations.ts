/**
 * What supervisors and collectors of metrics get: /health (is it alive), /ready (does it answer
 * clients), both with 200 or 503 and their checks as JSON, and /metrics as Prometheus reads it.
 */

/** By name: undefined where all is well, else what is not. */
export type Checks = Readonly<Record<string, string | undefined>>;

export interface OperationsSources {
  /** Alive; a supervisor restarts what is not. Always, when left out. */
  readonly health?: () => Checks | Promise<Checks>;
  /** Ready to be asked; a balancer passes by what is not. As health, when left out. */
  readonly ready?: () => Checks | Promise<Checks>;
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** A check that takes longer has failed. */
const CHECK_MS_MAX = 5_000;

export class Operations {
  readonly #sources: OperationsSources;

  constructor(sources: OperationsSources) {
    this.#sources = sources;
  }

  /** Undefined: there is no such page. */
  async get(path: string): Promise<Page | undefined> {
    const { health = () => ({}), metrics } = this.#sources;
    const { ready = health } = this.#sources;
    switch (path) {
      case '/health':
        return checksPage(health);
      case '/ready':
        return checksPage(ready);
      case '/metrics':
        return metrics === undefined ? undefined : { status: 200, ...(await metrics()) };
      default:
        return undefined;
    }
  }
}

async function checksPage(look: () => Checks | Promise<Checks>): Promise<Page> {
  const checks = await looked(look);
  const failed = Object.entries(checks).filter(([, fault]) => fault !== undefined);
  const isWell = failed.length === 0;
  const entries = Object.entries(checks).map(([name, fault]) => [name, fault ?? 'ok']);
  const page = { status: isWell ? 'ok' : 'failing', checks: Object.fromEntries(entries) };
  const contentType = 'application/json';
  return { status: isWell ? 200 : 503, contentType, text: `${JSON.stringify(page)}\n` };
}

async function looked(look: () => Checks | Promise<Checks>): Promise<Checks> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Checks>((resolve) => {
    timer = setTimeout(() => resolve({ checks: `took over ${CHECK_MS_MAX} ms` }), CHECK_MS_MAX);
  });
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    return { checks: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
