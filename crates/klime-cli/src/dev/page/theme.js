// Dark or light: the system's, until somebody chooses. Loaded before the page is drawn, so that it does not flash.

(() => {
  const KEY = "klime-dev-theme";
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const apply = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  apply(stored());
  globalThis.klimeTheme = {
    get: () => root.dataset.theme ?? "system",
    set(theme) {
      apply(theme);
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // Without storage the choice lasts as long as the page.
      }
      dispatchEvent(new Event("klime-theme"));
    },
    next() {
      const order = ["system", "dark", "light"];
      this.set(order[(order.indexOf(this.get()) + 1) % 3]);
    },
  };
})();
