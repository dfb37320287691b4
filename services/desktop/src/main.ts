import { mount } from "svelte";
import App from "./App.svelte";
import { prepareSound } from "./alarm/alarm";
import { preferences } from "./shell/preferences.svelte";
import { signInEnd } from "./shell/sign_in";
import "./styles/base.css";
import { desk } from "./worklist/desk.svelte";

const target = document.getElementById("desktop");
if (target) {
  preferences.restore();
  prepareSound();
  mount(App, { target });
  if (!signInEnd.inWindow || signInEnd.outcome !== "done") void desk.open();
}
