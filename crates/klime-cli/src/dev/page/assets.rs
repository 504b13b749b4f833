//! The page's files: a hand-written one is listed here when it is added, and a test looks whether any is missing.

/// A file of the page.
pub(super) struct Asset {
    pub(super) path: &'static str,
    pub(super) media_type: &'static str,
    pub(super) content: &'static [u8],
}

/// What `/` answers.
pub(super) const INDEX: Asset =
    Asset { path: "index.html", media_type: "text/html; charset=utf-8", content: include_bytes!("index.html") };

macro_rules! assets {
    ($($media_type:literal: $($path:literal)+;)+) => {
        &[$($(Asset { path: $path, media_type: $media_type, content: include_bytes!($path) }),+),+]
    };
}

/// What is below `/assets/`.
pub(super) const ASSETS: &[Asset] = assets! {
    "text/javascript; charset=utf-8":
        "api.js" "app.js" "copy.js" "feed.js" "hub.js" "icons.js" "json.js" "keys.js" "navigation.js" "route.js" "sse.js" "tail.js" "text.js"
        "theme.js" "vendor/htm-preact.module.js" "vendor/uplot.min.js" "views/attribution.js" "views/batches.js" "views/charts.js"
        "views/checks.js" "views/customer.js" "views/customers.js" "views/data.js" "views/detail.js" "views/fault-list.js" "views/faults.js"
        "views/filters.js" "views/json-view.js" "views/live.js" "views/mending.js" "views/overview.js" "views/row.js" "views/welcome.js";
    "text/css; charset=utf-8":
        "style/base.css" "style/events.css" "style/shell.css" "style/views.css" "vendor/uplot.min.css";
    "image/svg+xml": "icon.svg";
    "text/plain; charset=utf-8": "vendor/LICENSES";
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dev/page")
    }

    /// Every file below, by its path from the page's folder.
    fn files(below: &Path) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path));
            } else {
                found.insert(path.strip_prefix(folder()).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
        found
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let served: BTreeSet<String> = ASSETS.iter().chain([&INDEX]).map(|asset| asset.path.to_owned()).collect();
        let written = files(&folder()).into_iter().filter(|path| !path.ends_with(".rs")).collect();
        assert_eq!(served, written);
    }

    #[test]
    fn every_import_and_link_of_the_page_is_served() {
        for asset in ASSETS.iter().chain([&INDEX]).filter(|asset| !asset.path.starts_with("vendor/")) {
            let text = std::str::from_utf8(asset.content).unwrap();
            let absolute = text.split('"').filter_map(|part| part.strip_prefix("/assets/")).map(str::to_owned);
            let relative = text
                .lines()
                .filter(|line| line.starts_with("import "))
                .filter_map(|line| line.split('"').nth(1))
                .map(|path| beside(asset.path, path));
            for path in absolute.chain(relative) {
                assert!(ASSETS.iter().any(|served| served.path == path), "{} asks for {path}", asset.path);
            }
        }
    }

    /// Where `./x` and `../x` in the file `from` lead to.
    fn beside(from: &str, path: &str) -> String {
        let mut parts: Vec<&str> = from.split('/').collect();
        parts.pop();
        for part in path.split('/').filter(|part| *part != ".") {
            if part == ".." {
                parts.pop();
            } else {
                parts.push(part);
            }
        }
        parts.join("/")
    }

    #[test]
    fn no_file_of_the_page_makes_markup_of_data() {
        const WAYS: &[&str] = &[
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "dangerouslySetInnerHTML",
            "document.write",
            "eval(",
            "new Function",
            "javascript:",
        ];
        for asset in ASSETS.iter().filter(|asset| !asset.path.starts_with("vendor/")) {
            let text = std::str::from_utf8(asset.content).unwrap();
            let found = WAYS.iter().find(|way| text.contains(*way));
            assert_eq!(found, None, "{}", asset.path);
        }
    }
}
