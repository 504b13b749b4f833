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

  if @has_cargo do
    # What Hex would put into the package.
    defp unpack(folder) do
      :ok = in_project(fn -> Klime.MixProject.copy_source([]) end)

      for pattern <- Mix.Project.config()[:package][:files],
          path <- Path.wildcard(Path.join(@root, pattern), match_dot: true) do
        relative = Path.relative_to(path, @root)
        File.mkdir_p!(Path.dirname(Path.join(folder, relative)))
        File.cp_r!(path, Path.join(folder, relative))
      end

      File.rm_rf!(Path.join(@root, "native"))
    end

    defp in_project(fun), do: File.cd!(@root, fun)

    test "what is in the package builds in an empty folder and works", %{tmp_dir: folder} do
      unpack(folder)

      assert folder |> File.ls!() |> Enum.sort() ==
               Enum.sort(~w(.formatter.exs CHANGELOG.md LICENSE README.md lib mix.exs native))

      refute File.exists?(Path.join(folder, "native/crates/klime/tests"))

      # The crates that it depends on are built already, there.
      target = System.get_env("CARGO_TARGET_DIR") || Path.join(Path.expand(Mix.Project.build_path()), "cargo")

      script =
        "{:ok, client} = Klime.start_link(testing: true); :ok = Klime.identify(client, 1); :ok = Klime.flush(client); IO.inspect(Klime.stats(client).accepted, label: :accepted)"

      environment = [{"KLIME_NIF_PATH", nil}, {"CARGO_TARGET_DIR", target}, {"CARGO_NET_OFFLINE", "true"}]
      assert {output, 0} = mix(folder, ["run", "-e", script], environment)
      assert output =~ "accepted: 1"
    end
  end

  test "works as a dependency, and in a release", %{tmp_dir: folder} do
    library = Application.app_dir(:klime, "priv/native/libklime_nif.so")
    File.mkdir_p!(Path.join(folder, "lib"))

    File.write!(Path.join(folder, "mix.exs"), """
    defmodule App.MixProject do
      use Mix.Project
      def project, do: [app: :app, version: "1.0.0", deps: [{:klime, path: #{inspect(@root)}}]]
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

    environment = [{"KLIME_NIF_PATH", library}]
    assert {output, 0} = mix(folder, ["run", "-e", "IO.inspect(App.answer())"], environment)
    assert output =~ "{:ok, %Klime.BatchResponse{status: \"ok\", accepted: 1"
    assert {_, 0} = mix(folder, ["release", "--quiet"], environment)
    release = Path.join(folder, "_build/prod/rel/app/bin/app")

    assert {output, 0} =
             System.cmd(release, ["eval", "{:ok, _} = Application.ensure_all_started(:app); IO.inspect(App.answer())"],
               stderr_to_stdout: true
             )

    assert output =~ "accepted: 1"
  end

  test "without cargo the error says what to install", %{tmp_dir: folder} do
    for file <- ~w(mix.exs lib), do: File.cp_r!(Path.join(@root, file), Path.join(folder, file))
    File.mkdir_p!(Path.join(folder, "native/crates/klime-nif"))
    File.write!(Path.join(folder, "native/crates/klime-nif/Cargo.toml"), "")
    # Only what mix itself needs.
    path = Path.join(folder, "bin")
    File.mkdir_p!(path)

    for name <- ~w(sh erl elixir mix env readlink dirname basename sed uname tr cat),
        found = System.find_executable(name),
        do: File.ln_s!(found, Path.join(path, name))

    {output, status} = mix(folder, ["compile"], [{"PATH", path}, {"KLIME_NIF_PATH", nil}])
    assert status != 0
    assert output =~ "klime needs Rust to build, and cargo was not found."
    assert output =~ "https://rustup.rs"
  end

  test "a library that is not there is said to be so", %{tmp_dir: folder} do
    for file <- ~w(mix.exs lib), do: File.cp_r!(Path.join(@root, file), Path.join(folder, file))
    {output, status} = mix(folder, ["compile"], [{"KLIME_NIF_PATH", "/nowhere/libklime_nif.so"}])
    assert status != 0
    assert output =~ "KLIME_NIF_PATH is /nowhere/libklime_nif.so, there is no such file"
  end
end
