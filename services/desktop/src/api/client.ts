// The gateway's REST API: one login, one CSRF token, requests that are repeated safely.

const ROOT = "../api/v2";
const CSRF = "X-CSRF-TOKEN";
const LONGEST_PAUSE = 8_000;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  get isLogin(): boolean {
    return this.status === 401 || this.code === 20;
  }

  // The server could not be asked, or asks for patience: the same request may succeed later.
  get isPassing(): boolean {
    const isBusy = this.status === 409 && this.retryAfter > 0;
    return this.status === 0 || this.status === 503 || this.status === 429 || isBusy;
  }

  get isChanged(): boolean {
    return this.status === 412;
  }
}

export interface Answer<Body> {
  body: Body;
  status: number;
  tag: string;
}

export interface Options {
  body?: unknown;
  headers?: Record<string, string>;
  // Seconds to wait for the outcome of a command.
  wait?: number;
  ifMatch?: string | undefined;
  // How often a request is repeated that the server could not take.
  patience?: number;
  signal?: AbortSignal;
}

export class Api {
  csrf = "";

  // Called when the session has ended; resolves when the same agent has logged in again.
  onLoginNeeded: () => Promise<void> = () => Promise.reject(new ApiError(401, 20, ""));

  // Called when the token is not that of the session, as another tab has begun a new one.
  onForeignSession: () => Promise<void> = async () => void (await this.once("GET", "/me"));

  // Nothing is asked before it resolves: the cookie of the browser may be another agent's.
  held: Promise<void> | null = null;

  get headers(): Record<string, string> {
    const token = this.csrf ? { [CSRF]: this.csrf } : {};
    return { "X-Requested-With": "XMLHttpRequest", ...token };
  }

  async logIn(user: string, password: string): Promise<void> {
    const octets = new TextEncoder().encode(`${user}:${password}`);
    const basic = btoa(String.fromCharCode(...octets));
    await this.once("GET", "/me", { headers: { Authorization: `Basic ${basic}` } });
  }

  async get<Body>(path: string, options: Options = {}): Promise<Body> {
    return (await this.ask<Body>("GET", path, options)).body;
  }

  async post<Body>(path: string, body: unknown, options: Options = {}): Promise<Body> {
    return (await this.ask<Body>("POST", path, { ...options, body })).body;
  }

  // Sends a request until it is answered. A repeated POST or DELETE is done once, by its key.
  async ask<Body>(method: string, path: string, options: Options = {}): Promise<Answer<Body>> {
    const key = { "Idempotency-Key": randomKey() };
    const headers = { ...(method === "GET" || method === "PUT" ? {} : key), ...options.headers };
    let left = options.patience ?? 4;
    for (let pause = 250; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        await this.held;
        return await this.once<Body>(method, path, { ...options, headers });
      } catch (error) {
        if (!(error instanceof ApiError) || options.signal?.aborted) throw error;
        if (error.isLogin) {
          await this.onLoginNeeded();
        } else if (isForged(error)) {
          await this.onForeignSession();
        } else if (!error.isPassing) {
          throw error;
        } else {
          await sleep(Math.max(pause, 1000 * error.retryAfter));
        }
        left -= 1;
        if (left < 0) throw error;
      }
    }
  }

  async once<Body>(method: string, path: string, options: Options = {}): Promise<Answer<Body>> {
    const headers: Record<string, string> = { ...this.headers, ...options.headers };
    if (options.wait) headers["Prefer"] = `wait=${options.wait}`;
    if (options.ifMatch) headers["If-Match"] = options.ifMatch;
    const request: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
    if (options.signal) request.signal = options.signal;
    if (options.body !== undefined) {
      headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(options.body);
    }
    let response: Response;
    try {
      response = await fetch(`${ROOT}${path}`, request);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError(0, 0, "");
    }
    const token = response.headers.get(CSRF);
    if (token) this.csrf = token;
    const body = (await response.json().catch(() => ({}))) as Body & Failure;
    // With GATEWAY_HTTP_ERRORS=always-200 only the body tells a failure.
    if (!response.ok || body.status === "error") {
      const after = Number(response.headers.get("Retry-After")) || 0;
      const code = body.statusCode ?? 0;
      throw new ApiError(response.status, code, body.statusMessage ?? "", after);
    }
    return { body, status: response.status, tag: response.headers.get("ETag") ?? "" };
  }
}

interface Failure {
  status?: unknown;
  statusCode?: number;
  statusMessage?: string;
}

function isForged(error: ApiError): boolean {
  return error.status === 403 && /csrf/i.test(error.message);
}

// crypto.randomUUID needs a secure context; a house may serve plain http inside its network.
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) =>
    one.toString(16).padStart(2, "0"),
  ).join("");
}

export function addressOf(path: string): string {
  return `${ROOT}${path}`;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
