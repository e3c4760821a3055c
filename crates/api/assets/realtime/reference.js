// Shows asyncapi.json to people: the requests, the events, and the objects they are made of.
import { h } from "/playground/dom.js";

const main = document.getElementById("main"), contents = document.getElementById("contents");
const answer = await fetch("/api/asyncapi.json");
const api = await answer.json();
const { messages, schemas } = api.components;
const named = (reference) => reference.split("/").at(-1);
const anchor = (name) => name.replaceAll(".", "-");

/** Words with `code` in them. */
const words = (text = "") => text.split("`").map((part, nth) => (nth % 2 ? h("code", {}, part) : part));

/** A type in a few words, with links to the objects it names. */
function type(schema) {
  if (schema === true || schema === undefined || Object.keys(schema).length === 0) return ["anything"];
  if (schema.$ref) return [h("a", { href: `#object-${named(schema.$ref)}` }, named(schema.$ref))];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" | ")];
  for (const several of [schema.oneOf, schema.anyOf, schema.allOf]) {
    if (several) return several.flatMap((each, nth) => (nth ? [schema.allOf ? " and " : " or ", ...type(each)] : type(each)));
  }
  const kinds = [schema.type].flat();
  const rest = kinds.filter((kind) => kind !== "null");
  const none = kinds.includes("null") ? " or null" : "";
  if (rest[0] === "array") return [...type(schema.items), "[]", none];
  if (rest[0] === "object" && schema.additionalProperties?.constructor === Object) return ["by name: ", ...type(schema.additionalProperties), none];
  if (rest.length === 0) return ["anything"];
  return [schema.format ?? rest.join(" or "), none];
}

/** All fields of an object, those that it has from others included. */
function fields(schema) {
  if (!schema) return [];
  if (schema.$ref) return fields(schemas[named(schema.$ref)]);
  const own = Object.entries(schema.properties ?? {}).map(([name, of]) => ({ name, of, required: (schema.required ?? []).includes(name) }));
  return [...(schema.allOf ?? []).flatMap(fields), ...own];
}

function table(schema) {
  const list = fields(schema);
  if (list.length === 0) return h("p", { class: "fine" }, "Nothing.");
  return h("dl", { class: "fields" }, list.map(({ name, of, required }) => [
    h("dt", { class: required ? null : "maybe" }, name), h("dd", { class: "of" }, type(of)), h("dd", { class: "about" }, words(of.description)),
  ]));
}

const shape = (title, schema) => [h("h4", {}, title, schema?.$ref && [" ", type(schema)]), table(schema)];

function request(name, operation) {
  const { properties } = messages[name].payload;
  const reply = operation.reply && messages[named(operation.reply.messages[0].$ref)].payload.oneOf[0].properties.data;
  const wire = { id: "c1", type: name, data: "…" };
  return h("article", { class: "told", id: anchor(name) },
    h("h3", {}, name, h("span", { class: "kind" }, "request")),
    h("p", {}, operation.summary),
    h("pre", {}, `→ ${JSON.stringify(wire).replace('"…"', "{…}")}`, reply && `\n← {"re":"c1","ok":true,"data":{…}}`),
    shape("Data", properties.data), reply && shape("Reply", reply));
}

function event(name, operation) {
  const { properties } = messages[name].payload;
  const durable = properties.stream && (properties.stream.pattern.includes("player") ? "durable, in player" : "durable, in game:<id>");
  return h("article", { class: "told", id: anchor(name) },
    h("h3", {}, name, h("span", { class: "kind" }, durable || "volatile")),
    h("p", {}, operation.summary),
    properties.data && shape("Data", properties.data));
}

const object = (name, schema) => h("article", { class: "told", id: `object-${name}` },
  h("h3", {}, name, h("span", { class: "kind" }, "object")),
  schema.description && h("p", {}, words(schema.description)),
  schema.properties || schema.allOf ? table(schema) : h("p", { class: "of" }, type(schema)));

const operations = Object.entries(api.operations);
const groups = [
  ["Requests", operations.filter(([, { action }]) => action === "receive").map(([name, each]) => [name, request(name, each)])],
  ["Events", operations.filter(([, { action }]) => action === "send").map(([name, each]) => [name, event(name, each)])],
  ["Objects", Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b)).map(([name, each]) => [name, object(name, each)])],
];
const lists = groups.map(([title, entries]) => h("section", {}, h("h2", {}, title),
  h("ul", {}, entries.map(([name, article]) => h("li", { "data-for": article.id }, h("a", { href: `#${article.id}` }, name))))));
contents.replaceChildren(...lists);
const closes = h("article", { class: "told", id: "closes" }, h("h3", {}, "Close codes"), h("pre", {}, api.channels.socket.description.split("\n").slice(1).map((line) => line.slice(2)).join("\n")));
main.replaceChildren(closes, ...groups.flatMap(([, entries]) => entries.map(([, article]) => article)));
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();

document.getElementById("find").addEventListener("input", ({ target }) => {
  const words = target.value.trim().toLowerCase().split(/\s+/);
  for (const article of main.children) article.hidden = !words.every((word) => article.textContent.toLowerCase().includes(word));
  for (const item of contents.querySelectorAll("li")) item.hidden = document.getElementById(item.dataset.for).hidden;
});
