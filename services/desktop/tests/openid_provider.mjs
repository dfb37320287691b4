// A certified OpenID provider for tests: it believes every name that is typed into its form.
//
//   node openid_provider.mjs PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI
//
// It prints a line once it listens.

import { Provider } from "oidc-provider";

const [port, client_id, client_secret, redirect_uri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
  claims: { openid: ["sub"], profile: ["preferred_username"] },
  conformIdTokenClaims: false,
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id }),
  }),
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["of-tests-only"] },
});
// Its own form of the login loads a font from outside, which tests cannot reach.
provider.listen(Number(port), "127.0.0.1", () => console.log(`listening ${issuer}`));
