// DOT on stdin, SVG on stdout: Graphviz as WebAssembly, so nothing has to be installed on the system.
import { text } from "node:stream/consumers";
import { Graphviz } from "@hpcc-js/wasm-graphviz";

const graphviz = await Graphviz.load();
process.stdout.write(graphviz.dot(await text(process.stdin), "svg"));
