defmodule Klime.LifecycleTest do
  # Not async: one test captures the log.
  use ExUnit.Case

  alias Klime.Server

  # Nothing is sent unless something ends, or flushes.
  defp options(server, more \\ []) do
    Keyword.merge([write_key: "test-key", endpoint: Server.url(server), flush_interval: 3_600_000], more)
  end

  defp track(client, count),
    do: for(number <- 1..count, do: :ok = Klime.track(client, "Number", %{n: number}, user_id: 1))

  defp numbers(events), do: events |> Enum.map(& &1["properties"]["n"]) |> Enum.sort()

  # A process that starts a client and then does what it is told.
  defp parent(options, trap_exit \\ false) do
    test = self()

    parent =
      spawn(fn ->
        Process.flag(:trap_exit, trap_exit)
        {:ok, client} = Klime.Client.start_link(options)
        send(test, {:client, client})
        receive do: ({:exit, reason} -> exit(reason))
      end)

    client = receive do: ({:client, client} -> client)
    {parent, client}
  end

  # How many events on_drop was told of.
  defp dropped do
    receive do
      {:dropped, count} -> count + dropped()
    after
      0 -> 0
    end
  end

  defp ordered(0), do: []
  defp ordered(count), do: receive(do: (what when what in [:called, :flushed] -> [what | ordered(count - 1)]))

  # How many events log lines say are lost.
  defp lost(log) do
    for [_, count] <- Regex.scan(~r/klime lost (\d+) events?: /, log), reduce: 0 do
      sum -> sum + String.to_integer(count)
    end
  end

  defp await_down(pid) do
    reference = Process.monitor(pid)
    receive do: ({:DOWN, ^reference, _, _, reason} -> reason)
  end

  describe "all events arrive when" do
    test "the supervisor stops" do
      server = Server.start()

      {:ok, supervisor} =
        Supervisor.start_link([{Klime.Client, options(server, name: __MODULE__.Stopped)}], strategy: :one_for_one)

      track(__MODULE__.Stopped, 45)
      :ok = Supervisor.stop(supervisor)
      assert numbers(Server.events(server, 45)) == Enum.to_list(1..45)
    end

    test "the supervisor terminates the child" do
      server = Server.start()
      client = start_supervised!({Klime.Client, options(server)})
      track(client, 5)
      :ok = stop_supervised(Klime.Client)
      assert numbers(Server.events(server, 5)) == Enum.to_list(1..5)
    end

    for reason <- [:normal, :shutdown, {:shutdown, :test}, :kill, :crash] do
      test "its parent exits with #{inspect(reason)}" do
        server = Server.start()
        {parent, client} = parent(options(server))
        track(client, 5)
        if unquote(reason) == :kill, do: Process.exit(parent, :kill), else: send(parent, {:exit, unquote(reason)})
        assert numbers(Server.events(server, 5)) == Enum.to_list(1..5)
        await_down(client)
      end
    end

    test "the client is killed" do
      server = Server.start()
      {_parent, client} = parent(options(server), true)
      track(client, 45)
      Process.exit(client, :kill)
      assert numbers(Server.events(server, 45)) == Enum.to_list(1..45)
    end

    test "the client is told to shut down" do
      server = Server.start()
      {_parent, client} = parent(options(server), true)
      track(client, 5)
      Process.exit(client, :shutdown)
      assert await_down(client) == :shutdown
      assert numbers(Server.events(server, 5)) == Enum.to_list(1..5)
    end

    test "GenServer.stop ends the client" do
      server = Server.start()
      {_parent, client} = parent(options(server))
      track(client, 5)
      :ok = GenServer.stop(client)
      assert numbers(Server.events(server, 5)) == Enum.to_list(1..5)
    end

    test "a linked process crashes" do
      server = Server.start()
      {_parent, client} = parent(options(server), true)
      track(client, 5)
      spawn(fn -> Process.link(client) && exit(:boom) end)
      assert await_down(client) == :boom
      assert numbers(Server.events(server, 5)) == Enum.to_list(1..5)
    end
  end

  describe "a virtual machine of its own" do
    # In each, the client belongs to no application's supervisor: the hard case.
    defp run(server, script) do
      paths = Enum.flat_map(:code.get_path(), &if(to_string(&1) =~ "klime", do: ["-pa", to_string(&1)], else: []))

      start = """
      {:ok, _} = Application.ensure_all_started(:klime)
      {:ok, client} = Klime.Client.start_link(write_key: "k", endpoint: "#{Server.url(server)}", flush_interval: 3_600_000)
      for n <- 1..45, do: Klime.track(client, "Number", %{n: n}, user_id: 1)
      """

      elixir = System.find_executable("elixir")
      System.cmd(elixir, paths ++ ["-e", start <> script], stderr_to_stdout: true)
    end

    for {moment, script, status} <- [
          {"at System.stop", "System.stop(); Process.sleep(:infinity)", 0},
          {"at the end of a script", "", 0},
          {"when the process that started the client crashes at the end of a script", "raise \"of the script's own\"",
           1}
        ] do
      test "delivers all events #{moment}" do
        server = Server.start()
        assert {_, unquote(status)} = run(server, unquote(script))
        assert numbers(Server.events(server, 45)) == Enum.to_list(1..45)
      end
    end

    test "keeps its Rust half when its code is loaded again" do
      server = Server.start()

      script = """
      # There is no upgrade: the version that is there stays.
      {:module, Klime.Native} = Code.ensure_loaded(Klime.Native)
      {:error, :on_load_failure} = :code.load_file(Klime.Native)
      for n <- 46..50, do: :ok = Klime.track(client, "Number", %{n: n}, user_id: 1)
      :ok = Klime.flush(client)
      %{accepted: 50} = Klime.stats(client)
      {:ok, %{accepted: 1}} = Klime.track!(client, "Number", %{n: 51}, user_id: 1)
      IO.puts("all well")
      """

      assert {output, 0} = run(server, script)
      assert output =~ "all well"
      assert numbers(Server.events(server, 51)) == Enum.to_list(1..51)
    end

    test "delivers all events of a supervised client at System.stop" do
      server = Server.start()

      script = """
      defmodule App do
        use Application
        def start(_, _) do
          child = {Klime.Client, write_key: "k", endpoint: "#{Server.url(server)}", name: App.Klime, flush_interval: 3_600_000}
          Supervisor.start_link([child], strategy: :one_for_one)
        end
      end
      {:application, :app, [vsn: ~c"1", modules: [App], registered: [], applications: [:klime], mod: {App, []}]} |> :application.load()
      {:ok, _} = Application.ensure_all_started(:app)
      for n <- 46..90, do: Klime.track(App.Klime, "Number", %{n: n}, user_id: 1)
      System.stop()
      Process.sleep(:infinity)
      """

      assert {_, 0} = run(server, script)
      assert numbers(Server.events(server, 90)) == Enum.to_list(1..90)
    end
  end

  describe "a stop" do
    test "ends before the supervisor would kill it, when Klime does not answer" do
      server = Server.start(%{fault: :hang})
      client = start_supervised!({Klime.Client, options(server, shutdown_timeout: 60_000)})
      track(client, 3)
      reference = Process.monitor(client)
      {time, :ok} = :timer.tc(fn -> stop_supervised(Klime.Client) end)
      assert_receive {:DOWN, ^reference, _, _, :shutdown}, 0
      assert time < 5_000_000
      assert length(Server.events(server, 3)) == 3
    end

    test "tells a slow on_drop of all events that it drops, and the log of their number" do
      server = Server.start(%{fault: :hang})
      test = self()

      on_drop = fn :shutdown_deadline, events ->
        # Slow, by work of some 20 ms.
        :crypto.pbkdf2_hmac(:sha256, "password", "salt", 40_000, 32)
        send(test, {:dropped, length(events)})
      end

      log =
        ExUnit.CaptureLog.capture_log(fn ->
          client = start_supervised!({Klime.Client, options(server, on_drop: on_drop)})
          track(client, 1000)
          {time, :ok} = :timer.tc(fn -> stop_supervised(Klime.Client) end)
          assert time < 5_000_000
        end)

      assert lost(log) == 1000
      assert dropped() == 1000
    end

    test "returns at once when nothing can be sent in time" do
      {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
      {:ok, port} = :inet.port(socket)
      :gen_tcp.close(socket)
      test = self()

      options = [
        write_key: "k",
        endpoint: "http://127.0.0.1:#{port}",
        retry_initial_delay: 60_000,
        on_drop: fn reason, events -> send(test, {reason, length(events)}) end
      ]

      client = start_supervised!({Klime.Client, options})
      track(client, 3)
      {time, :ok} = :timer.tc(fn -> stop_supervised(Klime.Client) end)
      assert time < 4_000_000
      assert_received {:shutdown_deadline, 3}
    end

    test "waits for the callbacks of what it sends" do
      server = Server.start([%{}, %{status: 400}])
      test = self()

      more = [
        max_batch_size: 2,
        max_in_flight: 1,
        on_success: fn response -> send(test, {:accepted, response.accepted}) end,
        on_error: fn error, events -> send(test, {:failed, error.status_code, length(events)}) end
      ]

      client = start_supervised!({Klime.Client, options(server, more)})
      track(client, 3)
      :ok = stop_supervised(Klime.Client)
      assert_received {:accepted, 2}
      assert_received {:failed, 400, 1}
    end

    test "answers who asks meanwhile" do
      server = Server.start(%{fault: :hold})
      test = self()

      on_success = fn _ ->
        send(test, {:in_callback, self()})
        client = receive do: ({:client, client} -> client)
        :ok = Klime.flush(client)
        {:error, %{kind: :closed}} = Klime.track!(client, "Late", %{}, user_id: 1)
        send(test, :flushed)
      end

      {_parent, client} = parent(options(server, on_success: on_success), true)
      track(client, 1)
      stopping = Task.async(fn -> GenServer.stop(client) end)
      Server.request(server)
      Server.release(server)
      assert_receive {:in_callback, callback}, 5000
      send(callback, {:client, client})
      assert_receive :flushed, 5000
      assert Task.await(stopping) == :ok
    end

    test "answers a flush behind the callbacks" do
      server = Server.start(%{fault: :hold})
      test = self()

      on_success = fn _ ->
        # Slow, by work of some 20 ms.
        :crypto.pbkdf2_hmac(:sha256, "password", "salt", 40_000, 32)
        send(test, :called)
      end

      {_parent, client} = parent(options(server, on_success: on_success, max_batch_size: 1, max_in_flight: 1), true)
      track(client, 10)
      flushing = Task.async(fn -> Klime.flush(client) && send(test, :flushed) end)
      Server.request(server)
      stopping = Task.async(fn -> GenServer.stop(client) end)
      Server.release(server)
      Task.await(stopping)
      Task.await(flushing)
      assert ordered(11) == List.duplicate(:called, 10) ++ [:flushed]
    end

    test "gives who waits for an answer the one that there is" do
      server = Server.start(%{fault: :hold})
      {_parent, client} = parent(options(server, shutdown_timeout: 200), true)
      waiting = Task.async(fn -> Klime.track!(client, "Paid", %{}, user_id: 1) end)
      flushing = Task.async(fn -> Klime.flush(client) end)
      Server.request(server)
      assert GenServer.stop(client) == :ok
      assert {:error, %Klime.SendError{kind: :shutdown_deadline, events: events}} = Task.await(waiting)
      assert [%Klime.Event{event: "Paid"}] = events
      assert Task.await(flushing) == :ok
    end

    test "sends nothing with flush_on_shutdown: false" do
      server = Server.start()
      test = self()
      more = [flush_on_shutdown: false, on_drop: fn reason, events -> send(test, {reason, length(events)}) end]
      client = start_supervised!({Klime.Client, options(server, more)})
      track(client, 3)
      :ok = stop_supervised(Klime.Client)
      assert_received {:shutdown_deadline, 3}
      assert Server.requests(server) == []
    end
  end

  describe "after a shutdown" do
    test "the process lives, takes nothing and answers" do
      server = Server.start()
      client = start_supervised!({Klime.Client, options(server)})
      track(client, 3)
      assert Klime.shutdown(client) == :ok
      assert length(Server.events(server, 3)) == 3

      assert Process.alive?(client)
      assert Klime.track(client, "Late", %{}, user_id: 1) == :ok
      assert Klime.flush(client) == :ok
      assert Klime.shutdown(client) == :ok
      assert Klime.queue_size(client) == 0
      assert {:error, error} = Klime.track!(client, "Late", %{}, user_id: 1)
      assert %Klime.SendError{message: "Client is shutdown", status_code: nil, kind: :closed} = error
      assert Klime.stats(client).dropped.closed == 2
      assert GenServer.stop(client) == :ok
      assert Server.requests(server) == []
    end
  end

  test "the write key is in no report, however a client ends and whatever it is asked" do
    server = Server.start()
    start = fn -> parent(options(server, write_key: "secret-key", on_success: fn _ -> :ok end), true) end

    ends = [
      fn {parent, _client} -> send(parent, {:exit, :crash}) end,
      fn {_parent, client} -> spawn(fn -> Process.link(client) && exit(:boom) end) end,
      fn {_parent, client} -> GenServer.stop(client, :broken) end,
      fn {_parent, client} -> Process.exit(client, :kill) end
    ]

    log =
      ExUnit.CaptureLog.capture_log(fn ->
        for ending <- ends do
          {parent, client} = start.()
          :ok = Klime.track(client, "Event", %{}, user_id: 1)
          assert GenServer.call(client, :nonsense) == {:error, :unknown_call}
          :ok = GenServer.cast(client, :nonsense)
          send(client, :nonsense)
          %{teller: teller} = :sys.get_state(client)

          for process <- [client, teller], show <- [&:sys.get_status/1, &:sys.get_state/1] do
            refute inspect(show.(process), limit: :infinity, printable_limit: :infinity) =~ "secret-key"
          end

          ending.({parent, client})
          await_down(client)
        end
      end)

    assert log =~ "(stop) :broken"
    assert log =~ "** (stop) :boom"
    refute log =~ "secret-key"
    assert length(Server.events(server, length(ends))) == length(ends)
  end

  test "a call or a cast that a client does not know ends nothing, and is in the log" do
    client = start_supervised!({Klime.Client, options(Server.start())})

    log =
      ExUnit.CaptureLog.capture_log(fn ->
        assert GenServer.call(client, {:flush, :all_of_it}) == {:error, :unknown_call}
        :ok = GenServer.cast(client, :stop)
        assert Klime.flush(client) == :ok
      end)

    assert log =~ "klime: a client does not know what it was asked by #{inspect(self())}"
    assert log =~ "klime: a client does not know what it was told by a cast"
    assert Process.alive?(client)
  end

  test "a client that is gone hurts nobody" do
    {:ok, client} = Klime.Client.start_link(testing: true)
    :ok = GenServer.stop(client)

    for gone <- [
          client,
          :nobody,
          {:global, :nobody},
          {:via, Registry, {NoRegistry, 1}},
          {:nobody, node()},
          nil,
          42,
          "x",
          {1, 2, 3}
        ] do
      assert Klime.Client.track(gone, "Event", %{}, user_id: 1) == :ok
      assert Klime.Client.flush(gone) == :ok
      assert Klime.Client.shutdown(gone) == :ok
      assert Klime.Client.queue_size(gone) == 0

      assert {:error, %Klime.SendError{message: "Client is not running"}} =
               Klime.Client.track!(gone, "Event", %{}, user_id: 1)

      assert_raise ArgumentError, ~r/no klime client is running as/, fn -> Klime.Client.stats(gone) end
    end
  end

  test "whatever is asked of a client that is gone is a log line and the answer that there is" do
    {:ok, client} = Klime.Client.start_link(testing: true)
    :ok = GenServer.stop(client)

    calls = [
      fn -> Klime.track(client, "Event", %{}, user_id: 1) end,
      fn -> Klime.track(client, "Event", %{bad: {1}}, user_id: 1) end,
      fn -> Klime.track(client, "Event", %{}, :no_options) end,
      fn -> Klime.identify(client, {1}) end,
      fn -> Klime.flush(client) end,
      fn -> Klime.flush(client, 10) end,
      fn -> Klime.shutdown(client) end,
      fn -> Klime.flush(:nobody) end
    ]

    for call <- calls do
      # Lines of this kind are at least a second apart.
      Klime.Log.start()
      log = ExUnit.CaptureLog.capture_log(fn -> assert call.() == :ok end)
      assert log =~ "klime: no client is running as"
    end

    for {properties, options} <- [{%{}, [user_id: 1]}, {%{bad: {1}}, [user_id: 1]}, {%{}, :no_options}] do
      assert {:error, %Klime.SendError{message: "Client is not running", kind: :not_running}} =
               Klime.track!(client, "Event", properties, options)
    end
  end

  test "a client may go while before_send looks at its event" do
    for answer <- [nil, :nonsense, %Klime.Event{type: :track, properties: %{bad: {1}}}] do
      before_send = fn _event ->
        :ok = GenServer.stop(__MODULE__.Going)
        answer
      end

      start = fn -> Klime.Client.start_link(testing: true, name: __MODULE__.Going, before_send: before_send) end
      {:ok, client} = start.()
      Klime.Log.start()
      log = ExUnit.CaptureLog.capture_log(fn -> assert Klime.track(client, "Event", %{}, user_id: 1) == :ok end)
      assert log =~ "klime: no client is running as"
      {:ok, client} = start.()
      assert {:error, %Klime.SendError{kind: :not_running}} = Klime.track!(client, "Event", %{}, user_id: 1)
    end
  end

  test "a process that is no client is not hurt" do
    {:ok, agent} = Agent.start_link(fn -> 1 end)
    assert Klime.flush(agent) == :ok
    assert Klime.flush(agent, 100) == :ok
    assert Klime.shutdown(agent) == :ok
    assert Klime.queue_size(agent) == 0
    assert {:error, %{kind: :not_running}} = Klime.track!(agent, "Event", %{}, user_id: 1)
    assert_raise ArgumentError, fn -> Klime.Testing.events(agent) end
    assert Agent.get(agent, & &1) == 1
  end

  test "a flush with a bound keeps it although the client does not answer" do
    {:ok, client} = Klime.Client.start_link(testing: true)
    :sys.suspend(client)
    # No flush waits for its answer longer than that.
    {time, _} = :timer.tc(fn -> for _ <- 1..10, do: assert(Klime.flush(client, 10) == :ok) end)
    assert time < 2_500_000
    :sys.resume(client)
    assert Klime.flush(client, 10) == :ok
  end

  for how <- [:kill, :shutdown] do
    test "a callback that hangs ends with its client, by #{inspect(how)}" do
      server = Server.start()
      test = self()

      on_success = fn _ ->
        send(test, {:in_callback, self()})
        receive do: (:never -> :ok)
      end

      {_parent, client} = parent(options(server, on_success: on_success, shutdown_timeout: 100), true)
      track(client, 1)
      flushing = Task.async(fn -> Klime.flush(client) end)
      assert_receive {:in_callback, callback}, 5000
      Process.exit(client, unquote(how))
      assert await_down(callback) in [:killed, :noproc]
      assert Task.await(flushing) == :ok
    end
  end

  test "a callback that is killed does not end its client" do
    server = Server.start()
    client = start_supervised!({Klime.Client, options(server, on_success: fn _ -> Process.exit(self(), :kill) end)})
    track(client, 1)
    assert Klime.flush(client) == :ok
    assert Klime.stats(client).accepted == 1
  end

  test "clients outlive the flush at the stop of the system" do
    server = Server.start()
    client = start_supervised!({Klime.Client, options(server)})
    track(client, 2)
    assert Klime.Application.flush_clients() == :ok
    assert Klime.stats(client).accepted == 2
    track(client, 1)
    assert Klime.flush(client) == :ok
    assert Klime.stats(client).accepted == 3
  end

  test "a second start of the application flushes no more often, and decides anew what encodes" do
    # As `System.at_exit/1` keeps them.
    hooks = length(:elixir_config.get(:at_exit))
    encoder = Klime.JSON.encoder()
    :ok = Application.stop(:klime)
    for term <- [Klime.JSON, Klime.Log], do: :persistent_term.erase(term)
    :ok = Application.start(:klime)
    assert length(:elixir_config.get(:at_exit)) == hooks
    # Nothing is left for the first call to decide.
    assert :persistent_term.get(Klime.JSON, nil) == encoder
    assert :persistent_term.get(Klime.Log, nil) != nil
  end

  test "clients are found by pid and by any name" do
    {:ok, _} = start_supervised({Registry, keys: :unique, name: __MODULE__.Registry})

    for name <- [__MODULE__.Name, {:global, __MODULE__}, {:via, Registry, {__MODULE__.Registry, "klime"}}] do
      {:ok, client} = Klime.Client.start_link(testing: true, name: name)
      :ok = Klime.track(name, "Event", %{}, user_id: 1)
      assert Klime.stats(name).enqueued == 1
      assert Klime.stats(client).enqueued == 1
      assert {:ok, %{accepted: 1}} = Klime.track!(name, "Event", %{}, user_id: 1)
      assert Klime.flush(name) == :ok
      assert {:error, {:already_started, ^client}} = Klime.Client.start_link(testing: true, name: name)
    end
  end
end
