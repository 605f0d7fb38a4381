import type { UnitState } from '../supervisor/control-socket.ts';
import { createStyle, duration, type Style } from './style.ts';

/** Shows how the units come up: one line each, when it is ready (or failed); details while it lasts on a terminal. */
export class StartProgress {
  readonly #style: Style;
  readonly #terminal: boolean;
  readonly #started = performance.now();
  readonly #shown = new Set<string>();

  constructor(colours: boolean, terminal: boolean) {
    this.#style = createStyle(colours);
    this.#terminal = terminal;
  }

  update(state: UnitState): void {
    if (state.phase === 'ready' && !this.#shown.has(state.unit)) {
      this.#shown.add(state.unit);
      this.#line(`  ${this.#style.green('✓')} ${titles[state.unit] ?? state.unit} ${this.#style.dim(duration(performance.now() - this.#started))}`);
    } else if (state.phase === 'ready') {
      return;
    } else if (state.phase === 'starting' && this.#shown.has(state.unit)) {
      this.#line(`  ${this.#style.red('!')} ${titles[state.unit] ?? state.unit} ended and is started again`);
      this.#shown.delete(state.unit);
    } else if (state.phase === 'starting' && state.detail) {
      this.#transient(`    ${titles[state.unit] ?? state.unit}: ${state.detail}`);
    } else if (state.phase === 'failed') {
      this.#line(`  ${this.#style.red('✗')} ${titles[state.unit] ?? state.unit}: ${state.detail ?? 'failed'}`);
    }
  }

  /** One more finished step. */
  done(what: string): void {
    this.#line(`  ${this.#style.green('✓')} ${what} ${this.#style.dim(duration(performance.now() - this.#started))}`);
  }

  get elapsedMs(): number {
    return performance.now() - this.#started;
  }

  #line(text: string): void {
    process.stdout.write(`${this.#terminal ? '\r\u001b[K' : ''}${text}\n`);
  }

  #transient(text: string): void {
    if (this.#terminal) process.stdout.write(`\r\u001b[K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`);
  }
}

const titles: Readonly<Record<string, string>> = {
  git: 'git server        ',
  platform: 'platform cluster  ',
  worker: 'worker cluster    ',
};
