// JSON shown as it was sent. The text is read token by token and never parsed into values: JSON.parse would round long numbers, drop keys that
// are given twice and reorder others.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/gsy;
const BLANK = /\s*/gy;

/** The tokens of a JSON text; an empty list when it is not JSON. */
export function tokens(text) {
  const found = [];
  let at = 0;
  while (at < text.length) {
    BLANK.lastIndex = at;
    BLANK.exec(text);
    at = BLANK.lastIndex;
    if (at >= text.length) break;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) return [];
    found.push({ text: match[0], at });
    at = TOKEN.lastIndex;
  }
  return found;
}

/** The text of one member of the outermost object, as it stands there; `null` without it. */
export function member(text, key) {
  const all = tokens(text);
  let depth = 0;
  for (let i = 0; i + 2 < all.length; i += 1) {
    depth += nesting(all[i].text);
    if (depth === 1 && all[i].text === JSON.stringify(key) && all[i + 1].text === ":") {
      const end = valueEnd(all, i + 2);
      return text.slice(all[i + 2].at, all[end].at + all[end].text.length);
    }
  }
  return null;
}

/**
 * The lines of the pretty-printed text: `{ indent, parts: [{ kind, text }] }`, with kind `key`, `string`, `number`, `word` or `mark`.
 */
export function lines(text) {
  const printer = new Printer();
  const all = tokens(text);
  all.forEach((token, i) => printer.put(token.text, all[i + 1]?.text));
  return printer.finished();
}

/** The pretty-printed text. */
export function pretty(text) {
  return lines(text)
    .map((line) => "  ".repeat(line.indent) + line.parts.map((part) => part.text).join(""))
    .join("\n");
}

class Printer {
  constructor() {
    this.done = [];
    this.line = { indent: 0, parts: [] };
    this.indent = 0;
  }

  put(text, next) {
    if (text === "{" || text === "[") this.open(text, next);
    else if (text === "}" || text === "]") this.close(text);
    else if (text === ",") {
      this.part("mark", ",");
      this.newLine();
    } else if (text === ":") this.part("mark", ": ");
    else this.part(next === ":" ? "key" : kind(text), text);
  }

  open(text, next) {
    this.part("mark", text);
    this.indent += 1;
    this.empty = next === "}" || next === "]";
    if (!this.empty) this.newLine();
  }

  close(text) {
    this.indent -= 1;
    if (!this.empty) this.newLine();
    this.empty = false;
    this.part("mark", text);
  }

  part(what, text) {
    this.line.parts.push({ kind: what, text });
  }

  newLine() {
    this.done.push(this.line);
    this.line = { indent: this.indent, parts: [] };
  }

  finished() {
    return [...this.done, this.line];
  }
}

function kind(text) {
  if (text.startsWith('"')) return "string";
  return /^[-\d]/.test(text) ? "number" : "word";
}

function nesting(text) {
  if (text === "{" || text === "[") return 1;
  return text === "}" || text === "]" ? -1 : 0;
}

function valueEnd(all, start) {
  let depth = 0;
  for (let i = start; i < all.length; i += 1) {
    depth += nesting(all[i].text);
    if (depth <= 0) return i;
  }
  return all.length - 1;
}
