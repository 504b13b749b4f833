// A connection that can be cut: a TCP proxy in front of `klime dev`.

import net from "node:net";
import { once } from "node:events";

export class Proxy {
  static async before(dev) {
    const proxy = new Proxy(dev.port);
    await proxy.open(0);
    return proxy;
  }

  constructor(target) {
    this.target = target;
    this.sockets = new Set();
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async open(port = this.port) {
    this.server = net.createServer((inside) => this.join(inside));
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
  }

  /** Breaks all connections, and takes no new ones until `open`. */
  async cut() {
    const closed = once(this.server, "close");
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  join(inside) {
    const outside = net.connect(this.target, "127.0.0.1");
    for (const [one, other] of [[inside, outside], [outside, inside]]) {
      this.sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}
