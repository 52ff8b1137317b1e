import { app } from "@azure/functions";

app.http("hello", {
  route: "hello/{name:alpha}",
  authLevel: "function",
  handler: async (request) => ({
    jsonBody: {
      name: request.params.name,
      query: Object.fromEntries(request.query),
      body: await request.text(),
      header: request.headers.get("x-one"),
    },
    headers: { "x-two": "2" },
    cookies: [{ name: "c", value: "v", httpOnly: true }],
  }),
});
app.http("nothing", { authLevel: "anonymous", handler: () => undefined });
app.http("broken", {
  authLevel: "admin",
  handler: () => {
    throw new Error("handler broke");
  },
});
