import tseslint from "typescript-eslint";

const orchestratorGlobals = [
  ["Date", "Use context.df.currentUtcDateTime."],
  ["setTimeout", "Use sleep() of durable.ts."],
  ["setInterval", "Use sleep() of durable.ts."],
  ["setImmediate", "An orchestrator has no event loop of its own."],
  ["queueMicrotask", "An orchestrator has no event loop of its own."],
  ["fetch", "I/O belongs in an activity."],
  ["process", "Settings reach an orchestrator through its input."],
  ["crypto", "Random values differ on replay; derive names from the run id."],
  ["performance", "Use context.df.currentUtcDateTime."],
  ["console", "Use the status; logs repeat on replay."],
  ["Promise", "Yield durable tasks, never promises."],
  ["WeakRef", "Collection differs on replay."],
  ["FinalizationRegistry", "Collection differs on replay."],
].map(([name, message]) => ({ name, message }));

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", "test/architecture/fixtures/**", ".local/**"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js", ".*.cjs", "vitest.config.ts"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "max-lines": ["error", { max: 300 }],
      "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx"], location: "anywhere" }],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
    },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["test/**/*.ts", "bench/**/*.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    // Fence 1 of determinism: what an orchestrator may not say (architecture.md, rule 8).
    files: ["src/orchestrators/**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 150 }],
      "no-restricted-globals": ["error", ...orchestratorGlobals],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Random values differ on replay." },
        { object: "context", property: "log", message: "Logs repeat on replay; report through the status." },
      ],
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^(?!\\.{1,2}/|durable-functions$)",
              message: "Orchestrators import only contracts, domain and each other.",
            },
            {
              regex: "/(activities|adapters|functions|local|ports)/|/(settings|main)\\.js$",
              message: "Orchestrators know activity names, never their code.",
            },
            {
              regex: "^durable-functions$",
              allowTypeImports: true,
              message: "Only orchestrators/durable.ts touches the library at run time.",
            },
          ],
        },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "AwaitExpression", message: "Orchestrators yield*, never await." },
        { selector: ":function[async=true]", message: "Orchestrators are synchronous generators." },
        {
          selector: "YieldExpression[delegate=false]",
          message: "yield* a typed call so that the result keeps its type.",
        },
        {
          selector: "ForInStatement",
          message: "for…in order is not part of the contract; use Object.entries.",
        },
        {
          selector: "Program > VariableDeclaration[kind='let']",
          message: "Module state leaks between instances.",
        },
      ],
    },
  },
  {
    // The domain is what orchestrators may reach: what differs on replay must not be there either.
    files: ["src/domain/**/*.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...orchestratorGlobals.filter(({ name }) => !["Date", "Promise"].includes(name)),
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "The domain is told what time it is." },
        { object: "Math", property: "random", message: "Random values differ on replay." },
      ],
    },
  },
  {
    // The one file that yields raw tasks and holds library values.
    files: ["src/orchestrators/durable.ts"],
    rules: {
      "no-restricted-syntax": "off",
      "@typescript-eslint/no-restricted-imports": "off",
      "no-restricted-globals": ["error", ...orchestratorGlobals.filter(({ name }) => name !== "Date")],
    },
  },
);
