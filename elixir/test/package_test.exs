defmodule Klime.PackageTest do
  # The package holds all that a build needs. Not async: it builds.
  use ExUnit.Case

  @moduletag :tmp_dir
  @moduletag timeout: 600_000

  @root Path.expand("..", __DIR__)
  # Where there is no cargo, the library comes ready: the run that has it has tested this.
  @has_cargo System.find_executable("cargo") != nil and File.dir?(Path.join(@root, "../crates/klime-nif"))

  defp mix(folder, arguments, environment) do
    options = [
      cd: folder,
      env: [{"MIX_ENV", "prod"}, {"MIX_BUILD_PATH", nil}, {"KLIME_NO_HEX", "1"}] ++ environment,
      stderr_to_stdout: true
    ]

    System.cmd(System.find_executable("mix"), arguments, options)
  end

  defp app(folder, path) do
    File.mkdir_p!(Path.join(folder, "lib"))

    File.write!(Path.join(folder, "mix.exs"), """
    defmodule App.MixProject do
      use Mix.Project
      def project, do: [app: :app, version: "1.0.0", deps: [{:klime, path: #{inspect(path)}}]]
      def application, do: [mod: {App, []}]
    end
    """)

    File.write!(Path.join(folder, "lib/app.ex"), """
    defmodule App do
      use Application
      def start(_type, _arguments), do: Supervisor.start_link([{Klime.Client, testing: true, name: App.Klime}], strategy: :one_for_one)
      def answer, do: Klime.track!(App.Klime, "Event", %{}, user_id: 1)
    end
    """)
  end

  describe "what Hex is told" do
    setup do
      # As it is where Hex is.
      no_hex = System.get_env("KLIME_NO_HEX")
      System.delete_env("KLIME_NO_HEX")
      on_exit(fn -> if no_hex, do: System.put_env("KLIME_NO_HEX", no_hex) end)
      %{project: Klime.MixProject.project()}
    end

    test "has every field that Hex needs", %{project: project} do
      assert %{licenses: ["MIT"], links: links, files: [_ | _]} = Map.new(project[:package])
      assert Enum.all?(links, fn {name, url} -> is_binary(name) and url =~ ~r"^https://" end)
      assert String.length(project[:description]) in 1..300
      assert project[:app] == :klime
      assert {:ok, _} = Version.parse(project[:version])
      assert {:ok, _} = Version.parse_requirement(project[:elixir])
    end

    test "depends on packages of Hex only", %{project: project} do
      needed = Enum.reject(project[:deps], &match?({_, _, [only: :dev, runtime: false]}, &1))
      assert needed == [{:jason, "~> 1.4"}, {:plug, "~> 1.14", optional: true}]
    end
  end

  if @has_cargo do
    # What Hex puts into the package, unless KLIME_PACKAGE names a folder that Hex itself has made.
    defp unpack(folder) do
      case System.get_env("KLIME_PACKAGE", "") do
        "" -> copy_files(folder)
        package -> File.cp_r!(package, folder)
      end
    end

    defp copy_files(folder) do
      :ok = File.cd!(@root, fn -> Klime.MixProject.copy_source([]) end)

      for pattern <- Mix.Project.config()[:package][:files] do
        assert [_ | _] = paths = Path.wildcard(Path.join(@root, pattern), match_dot: true)
        for path <- paths, do: copy(path, Path.join(folder, Path.relative_to(path, @root)))
      end
    after
      File.rm_rf!(Path.join(@root, "native"))
    end

    defp copy(from, to) do
      File.mkdir_p!(Path.dirname(to))
      File.cp_r!(from, to)
    end

    # Names and versions of the packages in a lock file.
    defp locked(folder) do
      lock = File.read!(Path.join(folder, "Cargo.lock"))

      for [_, name, version] <- Regex.scan(~r/^name = "(.+)"\nversion = "(.+)"$/m, lock),
          do: {name, version}
    end

    test "what is in the package builds as a dependency, offline, and works", %{tmp_dir: folder} do
      package = Path.join(folder, "klime")
      unpack(package)

      assert (package |> File.ls!() |> Enum.sort()) -- ["hex_metadata.config"] ==
               Enum.sort(~w(.formatter.exs CHANGELOG.md LICENSE README.md lib mix.exs native))

      files = Path.wildcard(Path.join(package, "**"), match_dot: true)
      # Links may lead to where the package is not.
      assert Enum.filter(files, &match?({:ok, _}, File.read_link(&1))) == []
      # Hex takes 8 MB, and 64 MB unpacked.
      assert files |> Enum.map(&File.stat!(&1).size) |> Enum.sum() < 8_000_000
      refute Enum.any?(files, &(&1 =~ ~r"/crates/[^/]+/(tests|benches|examples|target)$"))

      assert locked = [_ | _] = locked(Path.join(package, "native"))
      assert locked -- locked(Path.join(@root, "..")) == []
      refute Enum.any?(locked, &(elem(&1, 0) in ~w(klime-cli clap proptest)))

      # The crates that it depends on are built already, there.
      target = System.get_env("CARGO_TARGET_DIR") || Path.join(Path.expand(Mix.Project.build_path()), "cargo")
      environment = [{"KLIME_NIF_PATH", nil}, {"CARGO_TARGET_DIR", target}, {"CARGO_NET_OFFLINE", "true"}]
      app(Path.join(folder, "app"), package)
      assert {output, 0} = mix(Path.join(folder, "app"), ["run", "-e", "IO.inspect(App.answer())"], environment)
      assert output =~ "accepted: 1"
    end
  end

  test "works as a dependency, and in a release", %{tmp_dir: folder} do
    app(folder, @root)
    environment = [{"KLIME_NIF_PATH", Application.app_dir(:klime, "priv/native/libklime_nif.so")}]
    # Plug was not there when klime was compiled; it may be there later.
    script = "IO.inspect(App.answer()); IO.inspect(Klime.Plug.init(client: App.Klime))"
    assert {output, 0} = mix(folder, ["run", "-e", script], environment)
    assert output =~ "[client: App.Klime, timeout: 5000]"
    assert output =~ "{:ok, %Klime.BatchResponse{status: \"ok\", accepted: 1"
    assert {_, 0} = mix(folder, ["release", "--quiet"], environment)
    release = Path.join(folder, "_build/prod/rel/app/bin/app")

    assert {output, 0} =
             System.cmd(release, ["eval", "{:ok, _} = Application.ensure_all_started(:app); IO.inspect(App.answer())"],
               stderr_to_stdout: true
             )

    assert output =~ "accepted: 1"
  end

  describe "the compiler of the Rust half" do
    setup %{tmp_dir: folder} do
      File.cp!(Path.join(@root, "mix.exs"), Path.join(folder, "mix.exs"))
      write(folder, "native/crates/klime-nif/Cargo.toml", "")
      %{installed: Path.join(folder, "_build/prod/lib/klime/priv/native/libklime_nif.so")}
    end

    # Nothing of Elixir is compiled, so a library may be any file.
    defp build(folder, environment) do
      mix(
        folder,
        ["compile.klime_nif"],
        Keyword.new([{:KLIME_NIF_PATH, nil}, {:MIX_TARGET, nil}]) |> environment(environment)
      )
    end

    defp environment(defaults, given) do
      for {name, value} <- Keyword.merge(defaults, given), do: {Atom.to_string(name), value}
    end

    # A `cargo` of its own, before the real one.
    defp cargo(folder, script) do
      path = write(folder, "bin/cargo", "#!/bin/sh\n" <> script)
      File.chmod!(path, 0o755)
      [PATH: Path.dirname(path) <> ":" <> System.get_env("PATH")]
    end

    defp write(folder, name, contents) do
      path = Path.join(folder, name)
      File.mkdir_p!(Path.dirname(path))
      File.write!(path, contents)
      path
    end

    test "takes the library from where cargo says that it is", %{tmp_dir: folder, installed: installed} do
      # A target that an environment variable or cargo's configuration names has a folder of its own.
      write(folder, "out/release/libklime_nif.so", "old")
      write(folder, ~S(out/a "\b" [c] ü/release/libklime_nif.so), "new")

      path =
        cargo(folder, ~S"""
        [ "$*" = "build --quiet --release --locked --package klime-nif --message-format json-render-diagnostics --target-dir $OUT" ] || exit 9
        echo '{"reason":"compiler-artifact","target":{"name":"serde_derive"},"filenames":["/nowhere/libserde_derive.so"]}'
        printf '%s"%s"%s\n' '{"reason":"compiler-artifact","target":{"kind":["cdylib"],"name":"klime_nif","src_path":"/src/lib.rs"},"filenames":["/nowhere/klime_nif.dll.lib",' "$OUT/a \\\"\\\\b\\\" [c] ü/release/libklime_nif.so" '],"executable":null}'
        echo '{"reason":"build-finished","success":true}'
        """)

      out = Path.join(folder, "out")
      assert {"", 0} = build(folder, path ++ [CARGO_TARGET_DIR: out, OUT: out])
      assert File.read!(installed) == "new"
    end

    test "replaces a library of before", %{tmp_dir: folder, installed: installed} do
      for contents <- ["one", "two", "two"] do
        assert {"", 0} = build(folder, KLIME_NIF_PATH: write(folder, "given.so", contents))
        assert File.read!(installed) == contents
      end

      assert File.ls!(Path.dirname(installed)) == ["libklime_nif.so"]
    end

    test "leaves no library of before when the build fails", %{tmp_dir: folder, installed: installed} do
      failures = [
        {[CARGO_TARGET_DIR: nil] ++ cargo(folder, "echo 'error: it is broken' >&2; exit 101"),
         ~r"error: it is broken.*cargo could not build .*/native/crates/klime-nif, it ended with 101"s},
        {[MIX_TARGET: "rpi4"], ~r"compiled for the target rpi4 \(MIX_TARGET\).*KLIME_NIF_PATH="s},
        {[KLIME_NIF_PATH: "nowhere.so"], ~r"KLIME_NIF_PATH is #{folder}/nowhere.so, there is no such file"}
      ]

      for {environment, message} <- failures do
        given = Keyword.put(environment, :KLIME_NIF_PATH, write(folder, "given.so", "old"))
        installed = if environment[:MIX_TARGET], do: String.replace(installed, "/prod/", "/rpi4_prod/"), else: installed
        assert {"", 0} = build(folder, given)
        assert File.exists?(installed)
        assert {output, 1} = build(folder, environment)
        assert output =~ message
        refute File.exists?(installed)
      end
    end

    test "takes a given library for another target, in a build of its own", %{tmp_dir: folder, installed: installed} do
      assert {"", 0} = build(folder, KLIME_NIF_PATH: write(folder, "given.so", "host's"))
      assert {"", 0} = build(folder, KLIME_NIF_PATH: write(folder, "given.so", "target's"), MIX_TARGET: "rpi4")
      assert File.read!(installed) == "host's"
      assert File.read!(String.replace(installed, "/prod/", "/rpi4_prod/")) == "target's"
    end

    test "says what to install when there is no cargo", %{tmp_dir: folder} do
      # Only what mix itself needs.
      path = Path.join(folder, "bin")
      File.mkdir_p!(path)

      for name <- ~w(sh erl elixir mix env readlink dirname basename sed uname tr cat),
          found = System.find_executable(name),
          do: File.ln_s!(found, Path.join(path, name))

      assert {output, 1} = build(folder, PATH: path)
      assert output =~ "klime needs Rust to build, and cargo was not found."
      assert output =~ "https://rustup.rs"
    end
  end
end
