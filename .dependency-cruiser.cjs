// Import rules of docs/architecture.md. Type-only imports do not count: they do not exist at run time.
const io =
  "^(node:)?(fs|net|http|https|crypto|os|path|child_process|worker_threads)(/|$)|node_modules/@azure/";
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "domain-is-pure",
      severity: "error",
      from: { path: "^src/domain" },
      to: { pathNot: "^src/domain" },
    },
    {
      name: "contracts-run-nothing",
      severity: "error",
      from: { path: "^src/contracts" },
      to: { pathNot: "^src/(contracts|domain)|node_modules/zod/" },
    },
    {
      name: "ports-know-the-domain-alone",
      severity: "error",
      from: { path: "^src/ports" },
      to: { pathNot: "^src/(ports|domain)" },
    },
    {
      name: "orchestrators-reach-no-io",
      severity: "error",
      from: { path: "^src/orchestrators" },
      to: { reachable: true, path: `${io}|^src/(activities|adapters|functions|local|ports|settings|main)` },
    },
    {
      name: "activities-know-ports-not-sdks",
      severity: "error",
      from: { path: "^src/activities" },
      to: { pathNot: "^src/(activities|contracts|domain|ports)|^node:|^(fs|crypto|buffer|stream|url)$" },
    },
    {
      name: "adapters-know-their-sdk-alone",
      severity: "error",
      from: { path: "^src/adapters/([^/]+)" },
      to: { path: "^src/", pathNot: "^src/(adapters/$1/|ports|domain)" },
    },
    {
      name: "functions-start-and-ask",
      severity: "error",
      from: { path: "^src/functions" },
      to: { path: "^src/", pathNot: "^src/(functions|contracts|domain|orchestrators|ports)" },
    },
    {
      name: "the-pipeline-never-meets-local",
      severity: "error",
      from: { path: "^src/(?!local/)" },
      to: { path: "^src/local/" },
    },
    {
      name: "local-never-meets-the-pipeline",
      severity: "error",
      from: { path: "^src/local/" },
      to: { path: "^src/(?!local/)" },
    },
    {
      name: "only-main-and-cli-read-settings",
      severity: "error",
      from: { path: "^src/(?!main|settings|cli/)" },
      to: { path: "^src/settings" },
    },
  ],
  options: {
    tsPreCompilationDeps: false,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "test/architecture/fixtures" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
