// The access token of the sandbox, where it demands one: the page registers as a client, and asks for a token with the
// secret that it was given, again when the one it holds is about to end.

import { call } from "./wire.js";

const SCOPE = "system/*.cruds";
// Milliseconds before its end from which on a token is not used any more.
const LEEWAY = 20_000;
let asked;

// What the token endpoint answered with, undefined where no token is demanded.
export async function access(server) {
  if (!("demandsToken" in document.body.dataset)) return undefined;
  asked ??= obtain(server);
  try {
    const held = await asked;
    if (performance.now() < held.until) return held;
  } catch (failure) {
    forgetAccess();
    throw failure;
  }
  asked = obtain(server);
  return asked;
}

// After an answer that the token is not good.
export function forgetAccess() {
  asked = undefined;
}

async function obtain(server) {
  const where = await call("GET", `${server}/.well-known/smart-configuration`);
  const client = await call("POST", where.registration_endpoint, { body: { client_name: "Order entry" } });
  const form = new URLSearchParams({ grant_type: "client_credentials", scope: SCOPE });
  const basic = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`;
  const token = await call("POST", where.token_endpoint, { form, authorization: basic });
  return { ...token, subject: client.client_id, until: performance.now() + token.expires_in * 1000 - LEEWAY };
}
