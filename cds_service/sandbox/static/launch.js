// A SMART app, opened from the chart as an EHR opens it: with the address of the FHIR server and what stands for the launch.

import { byId } from "./dom.js";
import { SERVER } from "./fhir.js";
import { CallFailed, call } from "./wire.js";

// `patient` gives the id of the open chart's patient.
export function watchAppLaunch(patient) {
  byId("app-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const address = launchAddress(byId("app-address").value);
    if (!address) return say("Give the app's launch address, with http or https.");
    try {
      const { launch, iss } = await call("POST", `${SERVER}/auth/launch`, { body: { patient: patient() }, shown: "Launch" });
      address.searchParams.set("iss", iss);
      address.searchParams.set("launch", launch);
      window.open(address.href, "_blank", "noopener");
      return say(`Opened at ${address.host}.`);
    } catch (failure) {
      if (!(failure instanceof CallFailed)) throw failure;
      return say(`The app could not be opened: ${failure.message}.`);
    }
  });
}

function launchAddress(text) {
  try {
    const address = new URL(text.trim());
    return ["http:", "https:"].includes(address.protocol) ? address : undefined;
  } catch {
    return undefined;
  }
}

function say(text) {
  byId("app-status").textContent = text;
}
