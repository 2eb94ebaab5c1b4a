/** Loaded before the program of the app: `kept-archiver.ts` takes the place of the package `archiver`. */
import { registerHooks } from "node:module";
import { makeWith } from "./kept-archiver.ts";

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (specifier !== "archiver") return found;
    makeWith(found.url);
    return { url: new URL("./kept-archiver.ts", import.meta.url).href, shortCircuit: true };
  },
});
