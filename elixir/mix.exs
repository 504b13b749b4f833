defmodule Mix.Tasks.Compile.KlimeNif do
  @moduledoc false
  # Builds the Rust half with cargo and puts it where the application looks for it. It stands here because it has to run before
  # anything of the package is compiled.
  use Mix.Task.Compiler

  @crate "klime-nif"

  @impl true
  def run(_args) do
    case System.get_env("KLIME_NIF_PATH", "") do
      "" -> install(build(Mix.target()))
      path -> install(named(Path.expand(path)))
    end
  end

  @impl true
  def clean, do: File.rm_rf!(Path.dirname(installed()))

  # In the build and not in the source, so that environments and targets do not overwrite each other's.
  defp installed do
    Path.join([Mix.Project.app_path(), "priv", "native", "libklime_nif" <> extension(:os.type())])
  end

  # What the VM looks for; on a Mac this is not what it is built as.
  defp extension({:win32, _}), do: ".dll"
  defp extension(_), do: ".so"

  defp named(path),
    do: if(File.regular?(path), do: path, else: fail("KLIME_NIF_PATH is #{path}, there is no such file"))

  defp build(:host) do
    cargo = System.find_executable("cargo") || fail(no_cargo())
    source = source()
    out = System.get_env("CARGO_TARGET_DIR") || Path.join(Mix.Project.build_path(), "cargo")

    args =
      ~w(build --quiet --release --locked --package #{@crate} --message-format json-render-diagnostics --target-dir)

    case System.cmd(cargo, args ++ [out], cd: source) do
      {messages, 0} -> artifact(messages) || fail("cargo has built #{@crate}, but did not say where the library is")
      {_, status} -> fail("cargo could not build #{Path.join([source, "crates", @crate])}, it ended with #{status}")
    end
  end

  defp build(target), do: fail(other_target(target))

  # The repository's workspace, or the copy of it that the package carries.
  defp source do
    Enum.find(
      [Path.expand(".."), Path.expand("native")],
      &File.regular?(Path.join([&1, "crates", @crate, "Cargo.toml"]))
    ) ||
      fail("the Rust source is neither in .. nor in native/")
  end

  # Where it is depends on the environment and on cargo's configuration (`build.target`), so cargo is asked. There may be nothing yet
  # that reads JSON.
  defp artifact(messages) do
    line = messages |> String.split("\n") |> Enum.find("", &(&1 =~ ~s("name":"klime_nif")))
    texts = for [_, text] <- Regex.scan(~r/"((?:[^"\\]|\\.)*)"/, line), do: Regex.replace(~r/\\(.)/, text, "\\1")
    Enum.find(texts, &(Path.extname(&1) in ~w(.so .dylib .dll)))
  end

  defp install(from) do
    target = installed()

    if File.regular?(target) and File.read!(from) == File.read!(target) do
      {:noop, []}
    else
      # A library that is loaded must not change under the VM, so the old file is left to whoever has it.
      File.mkdir_p!(Path.dirname(target))
      File.cp!(from, target <> ".new")
      File.rename!(target <> ".new", target)
      {:ok, []}
    end
  end

  defp no_cargo do
    """
    klime needs Rust to build, and cargo was not found.

    Install Rust 1.91 or later from https://rustup.rs, and a C compiler (Debian and Ubuntu: apt-get install build-essential).
    Or build on another machine of the same kind and name the file: KLIME_NIF_PATH=…/libklime_nif.so mix compile
    """
  end

  defp other_target(target) do
    """
    klime is compiled for the target #{target} (MIX_TARGET), and builds for the machine that it is built on only.

    Build the crate klime-nif for that target with cargo, and name the file: KLIME_NIF_PATH=…/libklime_nif.so
    """
  end

  # What an earlier build has left must not run in the place of the one that failed.
  defp fail(message) do
    File.rm(installed())
    Mix.raise(message)
  end
end

defmodule Klime.MixProject do
  use Mix.Project

  @version "1.0.0"

  def project do
    [
      app: :klime,
      version: @version,
      elixir: "~> 1.14",
      compilers: [:klime_nif] ++ Mix.compilers(),
      elixirc_paths: if(Mix.env() == :test, do: ["lib", "test/support"], else: ["lib"]),
      deps: deps(System.get_env("KLIME_NO_HEX")),
      description:
        "Customer analytics for Klime that never gets in the app's way and never loses an event without saying so",
      package: package(),
      aliases: ["hex.build": [&copy_source/1, "hex.build"], "hex.publish": [&copy_source/1, "hex.publish"]],
      docs: [main: "readme", extras: ["README.md", "CHANGELOG.md"]]
    ]
  end

  def application do
    # TLS is the core's; the tests have a server that speaks it.
    [
      mod: {Klime.Application, []},
      extra_applications: [:logger, :crypto] ++ if(Mix.env() == :test, do: [:ssl], else: [])
    ]
  end

  # Without Hex there are no dependencies: what encodes JSON is then Elixir 1.18's JSON, or klime itself.
  defp deps(no_hex) when no_hex in [nil, "", "0"] do
    [{:jason, "~> 1.4"}, {:plug, "~> 1.14", optional: true}, {:ex_doc, "~> 0.30", only: :dev, runtime: false}]
  end

  defp deps(_no_hex), do: []

  defp package do
    [
      licenses: ["MIT"],
      links: %{"Klime" => "https://klime.com"},
      # The Rust source is a copy that `mix hex.build` makes; see `copy_source`.
      files: ~w(lib native mix.exs README.md CHANGELOG.md LICENSE .formatter.exs)
    ]
  end

  @doc false
  # A package holds nothing outside of its folder, so the crates are copied into native/, as a workspace of their own.
  def copy_source(_args) do
    File.rm_rf!("native")

    for file <-
          ~w(Cargo.lock LICENSE crates/klime/Cargo.toml crates/klime/README.md crates/klime/LICENSE crates/klime-nif/Cargo.toml) do
      copy(file)
    end

    for crate <- ~w(klime klime-nif), file <- Path.wildcard("../crates/#{crate}/src/**/*.rs") do
      copy(Path.relative_to(file, ".."))
    end

    File.write!("native/Cargo.toml", workspace(File.read!("../Cargo.toml")))
    File.write!("native/crates/klime/Cargo.toml", library_only(File.read!("../crates/klime/Cargo.toml")))

    # Drops from the lock what only other crates of the repository need, and changes no version. Unlike `cargo metadata` it takes no
    # crate of another platform.
    case System.cmd("cargo", ~w(update --workspace --offline), cd: "native", stderr_to_stdout: true) do
      {_, 0} ->
        :ok

      {output, _} ->
        Mix.raise("cargo cannot fit the lock to the copied source; run `cargo fetch` first. It says: " <> output)
    end
  end

  defp copy(file) do
    target = Path.join("native", file)
    File.mkdir_p!(Path.dirname(target))
    File.cp!(Path.join("..", file), target)
  end

  # Tests, benches and examples are not in the package, nor is what only they need.
  defp library_only(manifest) do
    ("\n" <> manifest)
    |> String.split(~r/\n(?=\[)/)
    |> Enum.reject(&(&1 =~ ~r/^\[.*dev-dependencies\]|^\[\[(example|bench)\]\]/))
    |> Enum.join("\n")
    |> String.trim_leading()
  end

  defp workspace(manifest) do
    manifest
    |> String.replace(~r/^members = \[[^\]]*\]/m, ~s(members = ["crates/klime", "crates/klime-nif"]))
    |> String.replace(~r/^exclude = \[[^\]]*\]\n/m, "")
  end
end
