defmodule Mix.Tasks.Compile.KlimeNif do
  @moduledoc false
  # Builds the Rust half with cargo and puts it where the application looks for it. It stands here because it has to run before
  # anything of the package is compiled.
  use Mix.Task.Compiler

  @crate "klime-nif"

  @impl true
  def run(_args) do
    target = Path.join([File.cwd!(), "priv", "native", "libklime_nif" <> suffix(:loaded)])

    case System.get_env("KLIME_NIF_PATH") do
      path when path in [nil, ""] ->
        build(target)

      path ->
        if File.regular?(path), do: copy(path, target), else: fail("KLIME_NIF_PATH is #{path}, there is no such file")
    end
  end

  @impl true
  def clean, do: File.rm_rf!(Path.join(["priv", "native"]))

  defp build(target) do
    source = source()
    cargo = System.find_executable("cargo") || fail(no_cargo())
    out = System.get_env("CARGO_TARGET_DIR") || Path.join(Path.expand(Mix.Project.build_path()), "cargo")
    args = ~w(build --quiet --release --locked --package #{@crate} --target-dir #{out})

    case System.cmd(cargo, args, cd: source, stderr_to_stdout: true, into: IO.stream()) do
      {_, 0} -> copy(Path.join([out, "release", prefix() <> "klime_nif" <> suffix(:built)]), target)
      {_, status} -> fail("cargo could not build #{Path.join(source, "crates/" <> @crate)}, it ended with #{status}")
    end
  end

  # The repository's workspace, or the copy of it that the package carries.
  defp source do
    Enum.find(
      [Path.expand(".."), Path.expand("native")],
      &File.regular?(Path.join([&1, "crates", @crate, "Cargo.toml"]))
    ) ||
      fail("the Rust source is neither in .. nor in native/")
  end

  defp copy(from, target) do
    if same?(from, target) do
      {:noop, []}
    else
      # A library that is loaded must not change under the VM, so the old file is left to whoever has it.
      File.mkdir_p!(Path.dirname(target))
      File.cp!(from, target <> ".new")
      File.rename!(target <> ".new", target)
      # The first build of all: only now is there a priv to link.
      Mix.Project.build_structure()
      {:ok, []}
    end
  end

  defp same?(from, target), do: File.regular?(target) and File.read!(from) == File.read!(target)

  defp prefix, do: if(match?({:win32, _}, :os.type()), do: "", else: "lib")

  defp suffix(which) do
    case {:os.type(), which} do
      {{:win32, _}, _} -> ".dll"
      {{_, :darwin}, :built} -> ".dylib"
      _ -> ".so"
    end
  end

  defp no_cargo do
    """
    klime needs Rust to build, and cargo was not found.

    Install Rust 1.91 or later from https://rustup.rs, and a C compiler (Debian and Ubuntu: apt-get install build-essential).
    Or build on another machine of the same kind and name the file: KLIME_NIF_PATH=…/libklime_nif.so mix compile
    """
  end

  defp fail(message), do: Mix.raise(message)
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
    # Drops from the lock what only other crates of the repository need, and changes no version.
    {_, 0} = System.cmd("cargo", ~w(metadata --format-version 1 --offline), cd: "native", stderr_to_stdout: true)
    :ok
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
