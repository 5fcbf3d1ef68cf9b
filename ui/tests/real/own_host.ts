import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../flow/host';

interface Options {
  /** Of each queue, beyond its source, planner and builder. */
  keys?: Record<string, unknown>;
}

/** A real `planwright serve` in a folder of its own, which a test may kill and start again. */
export class OwnHost implements Host {
  readonly isMock = false;
  url = '';
  token: string | undefined;
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly queues: string[],
  ) {}

  /** `queues`: their names. Each takes recipes that are dropped into a folder of its name. */
  static async start(queues: string[], { keys = {} }: Options = {}): Promise<OwnHost> {
    const folder = mkdtempSync(join(tmpdir(), 'planwright-page-'));
    chmodSync(folder, 0o755); // the services of a root host run as users of their own
    const host = new OwnHost(folder, queues);
    writeFileSync(join(folder, 'planwright.yaml'), JSON.stringify(host.configuration(keys)));
    await host.run('127.0.0.1:0');
    host.token = readFileSync(join(folder, 'data', 'token'), 'utf8').trim();
    return host;
  }

  /** Writes a file that the queue's source finds. */
  drop(queue: string, name: string, text: string): void {
    writeFileSync(join(this.folder, queue, name), text);
  }

  /** As a power cut would: nothing is finished, nobody is told. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** At the address that it had. */
  async startAgain(): Promise<void> {
    await this.run(new URL(this.url).host);
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private configuration(keys: Record<string, unknown>): unknown {
    const queueOf = (name: string): unknown => {
      mkdirSync(join(this.folder, name));
      return {
        auto_plan: true,
        auto_build: false,
        source: {
          plugin: 'planwright.folder',
          settings: { path: join(this.folder, name) },
          stable_for: '100ms',
        },
        planner: { plugin: 'planwright.recipe' },
        builder: { plugin: 'planwright.command', settings: { sandbox: 'none' } },
        ...keys,
      };
    };
    const queues = Object.fromEntries(this.queues.map((name) => [name, queueOf(name)]));
    return { watch_roots: [tmpdir()], queues };
  }

  private async run(listen: string): Promise<void> {
    const program = process.env.PLANWRIGHT_BINARY!;
    const child = spawn(
      program,
      [
        ...['serve', '--config', join(this.folder, 'planwright.yaml')],
        ...['--data', join(this.folder, 'data'), '--listen', listen],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.folder },
    );
    this.process = child;
    let told = '';
    child.stderr.on('data', (data) => (told = (told + String(data)).slice(-4000)));
    this.url = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        const match = /planwright ready (\S+)/.exec(String(data));
        if (match?.[1]) resolve(match[1]);
      });
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`the host ended with ${code}: ${told}`)));
    });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.on('exit', resolve);
      child.kill(signal);
    });
  }
}
