// The login by the house's OpenID provider: where it begins, and how it ended.

const NEWS = "mailroom.login";

// Addresses of the gateway, which leads to the provider and back to this page.
export const SIGN_IN = "sign-in";
export const SIGN_IN_WINDOW = "sign-in?window";

export const offersSignIn = document.querySelector("meta[name=sign-in]") !== null;

export interface SignInEnd {
  // `done`, or why nobody is logged in; empty where this page was opened otherwise.
  outcome: string;
  // Whether another page waits for it, and this window was opened for the login only.
  inWindow: boolean;
}

export function readSignInEnd(query: string): SignInEnd {
  const asked = new URLSearchParams(query);
  return { outcome: asked.get("sign-in") ?? "", inWindow: asked.has("window") };
}

// How the login ended that led here; the address forgets it, so that a reload says nothing.
export const signInEnd = readSignInEnd(location.search);
if (signInEnd.outcome) history.replaceState(null, "", location.pathname);

// Tells the other tabs of this browser about logins; a tab does not hear itself.
const news = "BroadcastChannel" in globalThis ? new BroadcastChannel(NEWS) : undefined;

export function announceLogin(): void {
  news?.postMessage("login");
}

export function onLoginElsewhere(listener: () => void): void {
  news?.addEventListener("message", listener);
}
