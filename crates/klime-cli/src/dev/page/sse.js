// Server-sent events from a `fetch`. EventSource reads as fast as the server writes; this is pulled, so a busy stream waits for the page
// and not the page for the stream.

/** Yields lists of `{ id, event, data }`, one list for each piece that the network hands over. */
export async function* frames(body, signal) {
  const reader = body.getReader();
  signal.addEventListener("abort", () => reader.cancel().catch(() => {}));
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const text = rest + decoder.decode(value, { stream: true });
    const end = text.lastIndexOf("\n\n");
    rest = end < 0 ? text : text.slice(end + 2);
    yield end < 0 ? [] : text.slice(0, end).split("\n\n").map(frame).filter(Boolean);
  }
}

// A comment, by which the server keeps the connection open, is no frame.
function frame(block) {
  const found = { id: null, event: "message", data: "" };
  let any = false;
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    any = true;
    const value = line.slice(colon + 1).replace(/^ /, "");
    const field = line.slice(0, colon);
    if (field === "id") found.id = Number(value);
    else if (field === "event") found.event = value;
    else if (field === "data") found.data = found.data === "" ? value : `${found.data}\n${value}`;
  }
  return any ? found : null;
}
