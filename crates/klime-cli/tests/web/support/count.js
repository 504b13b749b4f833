// A reporter that only counts. A skipped test counts as failed: nothing here may be skipped. A file that breaks off before its tests counts as one.

import { basename } from "node:path";

export default async function* count(source) {
  let [passed, failed, broken] = [0, 0, 0];
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const isFile = basename(data.name).endsWith(".test.js");
    if (isFile) broken += type === "test:fail" ? 1 : 0;
    else if (type === "test:pass" && data.skip === undefined && data.todo === undefined) passed += 1;
    else failed += 1;
  }
  yield `${passed} passed, ${failed || broken} failed\n`;
}
