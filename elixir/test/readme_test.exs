defmodule Klime.ReadmeTest do
  # Executes every Elixir snippet of a README: of our own, and of the one that KLIME_README names. The text of a snippet is not
  # touched. All events that its calls make must arrive at a server on loopback.
  use ExUnit.Case

  alias Klime.{Server, Snippets}

  named = System.get_env("KLIME_README", "")

  if named != "" and not File.regular?(named) do
    raise "KLIME_README is #{named}, there is no such file"
  end

  @readmes [Path.expand("../README.md", __DIR__)] ++ if(named == "", do: [], else: [Path.expand(named)])

  setup do
    server = Server.start()
    System.put_env("KLIME_ENDPOINT", Server.url(server))
    System.put_env("KLIME_WRITE_KEY", "test-key")
    Code.put_compiler_option(:ignore_module_conflict, true)
    Process.register(self(), Sentry)

    on_exit(fn ->
      for name <- ~w(KLIME_ENDPOINT KLIME_WRITE_KEY), do: System.delete_env(name)
      for {key, _} <- Application.get_all_env(:klime), do: Application.delete_env(:klime, key)
      Code.put_compiler_option(:ignore_module_conflict, false)
    end)

    %{server: server}
  end

  for {readme, index} <- Enum.with_index(@readmes) do
    @external_resource readme

    test "README #{index} has snippets of each kind" do
      kinds = unquote(readme) |> Snippets.of() |> Enum.frequencies_by(& &1.kind)
      assert %{functions: _, plugs: 1, child: 1, module: 3, calls: calls} = kinds
      assert calls >= 12
    end

    for snippet <- Snippets.of(readme) do
      @tag snippet: snippet
      test "README #{index}, line #{snippet.line} (#{snippet.kind})", %{server: server, snippet: snippet} do
        run(snippet.kind, snippet, server)
      end
    end
  end

  # A function of mix.exs.
  defp run(:functions, snippet, _server) do
    dependencies = Snippets.eval_in_module(snippet.text, "").deps()
    assert Enum.any?(dependencies, &(elem(&1, 0) == :klime))
  end

  defp run(:config, snippet, server) do
    assert [klime: options] = Config.Reader.eval!("config.exs", "import Config\n" <> snippet.text, env: Mix.env())
    Application.put_all_env(klime: options)
    start_supervised!(Klime.Client)
    assert Klime.track("Event", %{}, user_id: 1) == :ok
    assert Klime.flush() == :ok
    assert Klime.stats().accepted == 1
    if options[:testing], do: assert(Server.requests(server) == []), else: assert(length(Server.events(server, 1)) == 1)
  end

  # A plug of an endpoint or a router: the events of a request are there when its response goes out.
  defp run(:plugs, snippet, server) do
    start_supervised!({Klime.Client, write_key: "k", name: Klime, flush_interval: 3_600_000})
    conn = Snippets.eval_in_module(snippet.text, "use Klime.Stand.Router").call(%Plug.Conn{})
    :ok = Klime.track(Klime, "Event", %{}, user_id: 1)
    assert Plug.Conn.send_resp(conn, 200, "ok").state == :sent
    assert length(Server.events(server, 1)) == 1
  end

  # A child of a supervisor, with callbacks.
  defp run(:child, snippet, _server) do
    {{Klime.Client, options} = child, _} = Snippets.eval(snippet.text, [], snippet.line)
    server = Server.start([%{}, %{status: 401}])
    System.put_env("KLIME_ENDPOINT", Server.url(server))
    {:ok, supervisor} = Supervisor.start_link([child], strategy: :one_for_one)

    log =
      ExUnit.CaptureLog.capture_log(fn ->
        for _ <- 1..2 do
          :ok = Klime.track(Klime, "Event", %{}, user_id: 1)
          :ok = Klime.flush(Klime)
        end

        if options[:on_drop], do: :ok = Klime.track(Klime, "Event")
        :ok = Supervisor.stop(supervisor)
      end)

    assert_received {:sentry, %Klime.SendError{status_code: 401}}
    assert log =~ "Klime"
    assert length(Server.events(server, 2)) == 2
  end

  # Children of a supervisor. Calls that stand beside them are made with a client of the test's own.
  defp run(:children, snippet, server) do
    {_, bindings} = Snippets.eval(snippet.text, [], snippet.line)
    if bindings[:children] == [Klime.Client], do: Application.put_env(:klime, :write_key, "k")
    {:ok, supervisor} = Supervisor.start_link(bindings[:children], strategy: :one_for_one)
    client = if bindings[:children] == [Klime.Client], do: :klime, else: Klime
    :ok = Klime.track(client, "Event", %{}, user_id: 1)
    endpoint? = Process.whereis(MyAppWeb.Endpoint) != nil
    :ok = Supervisor.stop(supervisor)
    # The Endpoint's last request is tracked as well, since it is stopped first.
    assert length(Server.events(server, if(endpoint?, do: 2, else: 1))) == if(endpoint?, do: 2, else: 1)
  end

  defp run(:module, snippet, server) do
    {{:module, module, _, _}, _} = Snippets.eval(snippet.text, [], snippet.line)
    use_module(module, snippet, server)
  after
    for module <- [MyApp.Application, MyAppWeb.ButtonController, MyAppWeb.DashboardLive] do
      :code.purge(module)
      :code.delete(module)
    end
  end

  defp run(:calls, snippet, server) do
    Application.put_all_env(klime: [write_key: "k", testing: snippet.text =~ "Klime.Testing"])
    # The text says which client its calls go to.
    start_supervised!({Klime.Client, write_key: "k", name: Klime, testing: false})
    start_supervised!(Klime.Client)
    own = if snippet.text =~ "client = Klime.Client.start_link", do: [], else: [client: Process.whereis(Klime)]
    {_, bindings} = Snippets.eval(snippet.text, own ++ [conn: %Plug.Conn{}], snippet.line)

    for client <- [Klime, :klime] ++ List.wrap(bindings[:client]),
        is_pid(client) or is_atom(client),
        do: :ok = Klime.flush(client)

    late = snippet.text |> String.split("\"Too Late\"") |> length() |> Kernel.-(1)
    expected = if snippet.text =~ "Klime.Testing", do: 0, else: Snippets.calls(snippet.text) - late
    assert length(Server.events(server, expected)) == expected
    assert Server.requests(server) == []
  end

  # An application: its events arrive when it is stopped, also those of the Endpoint's last request if that is stopped first.
  defp use_module(MyApp.Application, snippet, server) do
    {:ok, supervisor} = apply(MyApp.Application, :start, [:normal, []])
    :ok = Klime.track(Klime, "Event", %{}, user_id: 1)
    :ok = Supervisor.stop(supervisor)
    {klime, _} = :binary.match(snippet.text, "{Klime.Client")
    {endpoint, _} = :binary.match(snippet.text, "MyAppWeb.Endpoint")
    expected = if klime < endpoint, do: ["Event", "Last Request"], else: ["Event"]
    assert server |> Server.events(length(expected)) |> Enum.map(& &1["event"]) == expected
  end

  defp use_module(MyAppWeb.ButtonController, _snippet, server) do
    start_supervised!({Klime.Client, write_key: "k", name: Klime})
    conn = %Plug.Conn{assigns: %{current_user: %{id: 42}}}
    assert apply(MyAppWeb.ButtonController, :click, [conn, %{"button_name" => "Sign up"}]).status == 200
    :ok = Klime.flush(Klime)
    assert [%{"userId" => 42, "properties" => %{"button_name" => "Sign up"}}] = Server.events(server, 1)
  end

  defp use_module(MyAppWeb.DashboardLive, _snippet, server) do
    start_supervised!({Klime.Client, write_key: "k", name: Klime})
    socket = %{assigns: %{current_user: %{id: 42}}}
    assert {:ok, ^socket} = apply(MyAppWeb.DashboardLive, :mount, [%{}, %{}, socket])
    assert {:noreply, ^socket} = apply(MyAppWeb.DashboardLive, :handle_event, ["export", %{"format" => "csv"}, socket])
    :ok = Klime.flush(Klime)

    assert [%{"event" => "Dashboard Viewed"}, %{"event" => "Export Clicked", "properties" => %{"format" => "csv"}}] =
             Server.events(server, 2)
  end
end
