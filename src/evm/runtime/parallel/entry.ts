// The runtime of those who work on a job (docs/design/parallel.md): compiled with PARALLEL=1.
export * from "../index";
export { codesReserve } from "../code";
export { viewReserve } from "../view";
export { workOn } from "./crew";
export { writeRaw } from "./decode";
export { foldJob } from "./publish";
