defmodule Klime.CallbacksTest do
  # Not async: one test captures the log.
  use ExUnit.Case

  import ExUnit.CaptureLog

  alias Klime.Server

  defp start(server, options) do
    {:ok, client} =
      Klime.Client.start_link([write_key: "k", endpoint: Server.url(server), retry_initial_delay: 1] ++ options)

    client
  end

  defp start_named(server, name, options), do: start(server, [name: name] ++ options)

  # Kills a client, and returns when all is told.
  defp kill(client) do
    %{teller: teller} = :sys.get_state(client)
    reference = Process.monitor(teller)
    Process.unlink(client)
    Process.exit(client, :kill)
    assert_receive {:DOWN, ^reference, _, _, :normal}, 10_000
  end

  test "what a client loses after it was killed is in the log, and on_drop is told" do
    server = Server.start(%{fault: :hang})
    test = self()

    options = [
      shutdown_timeout: 100,
      flush_interval: 3_600_000,
      on_drop: fn reason, events -> send(test, {reason, length(events)}) end
    ]

    client = start(server, options)

    log =
      capture_log(fn ->
        for _ <- 1..5, do: :ok = Klime.track(client, "Event", %{}, user_id: 1)
        :ok = Klime.track(client, "Nobody's")
        kill(client)
      end)

    assert log =~ "1 dropped as not valid"
    assert log =~ "5 dropped at the deadline of the shutdown"
    refute log =~ "before its callbacks had"
    assert_received {:invalid, 1}
    assert_received {:shutdown_deadline, 5}
  end

  test "callbacks run after their client was killed, and no longer than a second after all else" do
    server = Server.start([%{}, %{status: 400}])
    test = self()

    on_error = fn _, events ->
      # It ends all the same.
      Process.flag(:trap_exit, true)
      send(test, {:failed, length(events), self()})
      receive do: (:never -> :ok)
    end

    client =
      start(server,
        max_batch_size: 1,
        max_in_flight: 1,
        flush_interval: 3_600_000,
        on_success: &send(test, {:accepted, &1.accepted}),
        on_error: on_error
      )

    log =
      capture_log(fn ->
        :sys.suspend(client)
        for _ <- 1..2, do: :ok = Klime.track(client, "Event", %{}, user_id: 1)
        :sys.resume(client)
        kill(client)
      end)

    assert_received {:accepted, 1}
    assert_received {:failed, 1, callback}
    refute Process.alive?(callback)
    assert log =~ "klime: the client has ended before its callbacks had, one was running and 0 waited"
  end

  test "a client whose callbacks have nobody who runs them any more gets another one" do
    server = Server.start()
    test = self()

    client =
      start(server,
        on_success: fn response ->
          send(test, {:called, response.accepted, self()})
          receive do: (:return -> :ok)
        end
      )

    :ok = Klime.track(client, "Event", %{}, user_id: 1)
    assert_receive {:called, 1, hanging}, 5000
    %{teller: teller} = :sys.get_state(client)
    reference = Process.monitor(hanging)
    Process.exit(teller, :kill)
    assert_receive {:DOWN, ^reference, _, _, :killed}, 5000

    :ok = Klime.track(client, "Event", %{}, user_id: 1)
    assert_receive {:called, 1, callback}, 5000
    send(callback, :return)
    assert Klime.flush(client) == :ok
  end

  describe "on_drop is shown, of a call that is no event," do
    setup do
      test = self()
      client = start(Server.start(), on_drop: fn reason, events -> send(test, {:dropped, reason, events}) end)
      %{client: client}
    end

    defp shown(client) do
      :ok = Klime.flush(client)
      assert_received {:dropped, reason, [%Klime.Event{} = event]}
      {reason, event}
    end

    test "what it was, with text in place of what JSON cannot hold", %{client: client} do
      properties = %{"plan" => "pro", list: [1, {2}, %{ok: true, pid: self()}], key: %{{1} => 1}, bytes: <<255>>}
      :ok = Klime.track(client, "Signed Up", properties, user_id: 42, group_id: "org", ip: "203.0.113.7")
      assert {:invalid, %{type: :track, event: "Signed Up", user_id: 42, group_id: "org"} = event} = shown(client)

      assert event.properties == %{
               "plan" => "pro",
               "list" => [1, "(a tuple)", %{"ok" => true, "pid" => "(a process id)"}],
               "key" => %{"(a tuple)" => 1},
               "bytes" => "(text that is not valid UTF-8)"
             }

      assert event.context.ip == "203.0.113.7"
      :ok = Klime.identify(client, {:user, 1}, %{plan: "pro"})
      assert {:invalid, %{type: :identify, user_id: "(a tuple)", traits: %{"plan" => "pro"}}} = shown(client)
      assert {:error, %{kind: :invalid}} = Klime.group!(client, "org", %{bad: {1}})
      assert {:invalid, %{type: :group, group_id: "org", traits: %{"bad" => "(a tuple)"}}} = shown(client)
      :ok = Klime.track(client, self(), {1}, user_id: make_ref())
      assert {:invalid, %{event: "(a process id)", properties: "(a tuple)", user_id: "(a reference)"}} = shown(client)
    end

    test "what it was, although its options cannot be read", %{client: client} do
      for options <- [:user, [:user], %Klime.Event{type: :track}, 1, [{:user_id, 1} | :improper]] do
        :ok = Klime.track(client, "Signed Up", %{plan: "pro", pid: self()}, options)
        assert {:invalid, %{event: "Signed Up", properties: properties}} = shown(client)
        assert properties == %{"plan" => "pro", "pid" => "(a process id)"}
      end

      no_time = Map.put(~U[2026-11-23 15:20:00Z], :month, :may)
      :ok = Klime.track(client, "Signed Up", %{}, timestamp: no_time, user_id: 1)
      assert {:invalid, %{event: "Signed Up", user_id: 1, timestamp: nil}} = shown(client)
      assert {:error, %{kind: :invalid}} = Klime.track!(client, "Signed Up", %{}, :user)
      assert {:invalid, %{event: "Signed Up"}} = shown(client)
    end

    test "what it was, without what is too large to show", %{client: client} do
      text = String.duplicate("x", 300_000)
      :ok = Klime.track(client, "Signed Up", %{text: text, pid: self()}, user_id: 1)
      assert {_, %{event: "Signed Up", user_id: 1, properties: "(too large to show)"}} = shown(client)
      :ok = Klime.track(client, "Signed Up", %{text: text}, user_id: 1)
      assert {:too_large, %{event: "Signed Up", user_id: 1, properties: "(too large to show)"}} = shown(client)
      # Each part could be shown, all of them are too much.
      half = String.duplicate("x", 150_000)
      :ok = Klime.track(client, half, %{text: half, pid: self()}, user_id: 1)
      assert {:invalid, %{type: :track, event: nil, properties: nil}} = shown(client)
    end

    test "nothing when before_send has not seen it", %{client: _client} do
      test = self()
      on_drop = fn reason, events -> send(test, {:dropped, reason, events}) end
      client = start(Server.start(), before_send: & &1, on_drop: on_drop)
      :ok = Klime.track(client, "Signed Up", %{pid: self()}, user_id: 1)
      :ok = Klime.flush(client)
      assert_received {:dropped, :invalid, []}
    end
  end

  test "on_success gets the response, on_error the error and its events" do
    refused = ~s({"status":"ok","accepted":1,"failed":1,"errors":[{"index":1,"message":"too odd","code":"odd"}]})
    server = Server.start([%{}, %{body: refused}, %{status: 401, body: ~s({"error":"unknown key"})}])
    test = self()

    client =
      start(server,
        max_in_flight: 1,
        on_success: &send(test, {:success, &1}),
        on_error: fn error, events -> send(test, {:error, error, events}) end
      )

    :ok = Klime.track(client, "First", %{plan: "pro"}, user_id: 1)
    :ok = Klime.flush(client)
    assert_received {:success, %Klime.BatchResponse{status: "ok", accepted: 1, failed: 0, errors: []}}

    :ok = Klime.track(client, "Second", %{}, user_id: 1)
    :ok = Klime.track(client, "Third", %{plan: "pro"}, user_id: 42)
    :ok = Klime.flush(client)
    assert_received {:success, %Klime.BatchResponse{accepted: 1, failed: 1} = response}
    assert response.errors == [%Klime.ValidationError{index: 1, message: "too odd", code: "odd"}]
    assert_received {:error, %Klime.SendError{kind: :rejected, status_code: 200, response: ^response} = error, [event]}
    assert %Klime.Event{type: :track, event: "Third", user_id: 42, properties: %{"plan" => "pro"}} = event
    assert %Klime.EventContext{library: %Klime.LibraryInfo{name: "elixir-sdk"}} = event.context
    assert error.events == [event]

    :ok = Klime.group(client, "org", %{}, user_id: 1)
    :ok = Klime.flush(client)

    assert_received {:error, %Klime.SendError{kind: :status, status_code: 401, attempts: 1} = error,
                     [%Klime.Event{type: :group}]}

    assert Exception.message(error) == "Klime answered 401 (unknown key)"
    refute_received {:success, _}
  end

  test "a network failure is called one" do
    server = Server.start(%{fault: :reset})
    test = self()
    client = start(server, retry_max_attempts: 2, on_error: fn error, events -> send(test, {error, length(events)}) end)
    :ok = Klime.track(client, "Event", %{}, user_id: 1)
    :ok = Klime.flush(client)
    assert_received {%Klime.SendError{kind: :network, status_code: nil, attempts: 2} = error, 1}
    assert error.message =~ "Network error"
  end

  test "a callback may call the client" do
    server = Server.start()
    test = self()
    name = __MODULE__.Reentrant

    on_success = fn _ ->
      if Klime.stats(name).accepted == 1 do
        :ok = Klime.track(name, "From the callback", %{}, user_id: 1)
        {:ok, %{accepted: 1}} = Klime.track!(name, "At once", %{}, user_id: 1)
        :ok = Klime.flush(name)
        # A task of the callback's waits for the callback no more than that itself does.
        :ok = Task.await(Task.async(fn -> Klime.flush(name) end))
        send(test, {:called, Klime.queue_size(name)})
      end
    end

    client = start_named(server, name, on_success: on_success)
    :ok = Klime.track(client, "First", %{}, user_id: 1)
    :ok = Klime.flush(client)
    assert_received {:called, 0}
    :ok = Klime.flush(client)

    assert client |> Klime.stats() |> Map.take([:enqueued, :accepted, :requests]) == %{
             enqueued: 3,
             accepted: 3,
             requests: 3
           }

    assert server |> Server.events(3) |> Enum.map(& &1["event"]) |> Enum.sort() == [
             "At once",
             "First",
             "From the callback"
           ]
  end

  for {what, code} <- [
        "GenServer.stop": quote(do: &GenServer.stop/1),
        "a task that does it": quote(do: &Task.await(Task.async(fn -> GenServer.stop(&1) end))),
        "its supervisor": quote(do: fn _ -> Supervisor.stop(__MODULE__.Tree) end)
      ] do
    test "a callback may stop the client by #{what}, which takes no time, and no callback is lost" do
      server = Server.start()
      test = self()
      name = __MODULE__.Stopped

      on_success = fn _ ->
        if Process.whereis(name), do: send(test, {:stopped, :timer.tc(unquote(code), [name])})
        send(test, :called)
      end

      options = [write_key: "k", endpoint: Server.url(server), name: name, max_batch_size: 1, flush_interval: 3_600_000]
      child = {Klime.Client, options ++ [on_success: on_success]}

      {:ok, tree} =
        Supervisor.start_link([Map.put(Klime.Client.child_spec(elem(child, 1)), :restart, :temporary)],
          strategy: :one_for_one,
          name: __MODULE__.Tree
        )

      client = Process.whereis(name)
      %{teller: teller} = :sys.get_state(client)
      reference = Process.monitor(teller)
      for _ <- 1..5, do: :ok = Klime.track(client, "Event", %{}, user_id: 1)
      assert_receive {:stopped, {time, :ok}}, 10_000
      # Of 4.5 s that a stop may wait for a callback.
      assert time < 2_500_000
      assert_receive {:DOWN, ^reference, _, _, :normal}, 10_000
      assert length(Server.events(server, 5)) == 5
      for _ <- 1..5, do: assert_received(:called)
      refute Process.alive?(client)
      if Process.alive?(tree), do: Supervisor.stop(tree)
    end
  end

  test "a callback may shut the client down" do
    server = Server.start()
    test = self()
    name = __MODULE__.ShutDown
    client = start_named(server, name, on_success: fn _ -> send(test, {:shut_down, Klime.shutdown(name)}) end)
    :ok = Klime.track(client, "First", %{}, user_id: 1)
    {time, :ok} = :timer.tc(fn -> Klime.flush(client) end)
    assert_received {:shut_down, :ok}
    assert time < 4_000_000
  end

  for {what, code} <- [
        raises: quote(do: raise("of the callback's own")),
        exits: quote(do: exit(:boom)),
        throws: quote(do: throw(:boom)),
        kills_itself: quote(do: Process.exit(self(), :kill)),
        has_a_task_that_crashes: quote(do: Task.await(Task.async(fn -> exit(:boom) end)))
      ] do
    test "a callback that #{String.replace(to_string(what), "_", " ")} hurts nobody, and later ones are called" do
      server = Server.start()
      test = self()

      on_success = fn response ->
        send(test, {:called, response.accepted})
        unquote(code)
      end

      client = start(server, on_success: on_success)

      for _ <- 1..2 do
        :ok = Klime.track(client, "Event", %{}, user_id: 1)
        :ok = Klime.flush(client)
        assert_received {:called, 1}
      end

      assert length(Server.events(server, 2)) == 2
      assert Server.requests(server) == []
    end
  end

  test "what a callback fails with is in the log" do
    client = start(Server.start(), on_success: fn _ -> raise "of the callback's own" end)

    log =
      capture_log(fn ->
        :ok = Klime.track(client, "Event", %{}, user_id: 1)
        :ok = Klime.flush(client)
      end)

    assert log =~ "klime: on_success failed"
    assert log =~ "of the callback's own"
  end

  test "a callback that never returns keeps nobody from tracking, and a flush keeps its time" do
    server = Server.start()
    test = self()
    client = start(server, on_success: fn _ -> send(test, {:called, self()}) && receive(do: (:return -> :ok)) end)
    :ok = Klime.track(client, "First", %{}, user_id: 1)
    assert Klime.flush(client, 200) == :ok
    assert_receive {:called, callback}, 5000
    :ok = Klime.track(client, "Second", %{}, user_id: 1)
    assert {:ok, %{accepted: 1}} = Klime.track!(client, "Third", %{}, user_id: 1)
    assert length(Server.events(server, 2)) >= 2
    send(callback, :return)

    for _ <- 1..2 do
      assert_receive {:called, callback}, 5000
      send(callback, :return)
    end
  end

  test "before_send changes events and drops them, in the caller's process" do
    server = Server.start()
    test = self()

    before_send = fn event ->
      send(test, {:seen, self(), event.message_id})

      case event do
        %{event: "Drop"} -> nil
        %{event: "Raise"} -> raise "of the hook's own"
        %{event: "Nonsense"} -> :nonsense
        %{event: "Spoil"} -> %{event | properties: %{pid: self()}}
        %{event: "Type"} -> %{event | type: :alias}
        %{event: "Text"} -> %Klime.Event{type: "track", event: "Of text", user_id: 1}
        %{event: "Exit"} -> exit(:of_its_own)
        event -> %{event | properties: Map.delete(event.properties, :password)}
      end
    end

    client = start(server, before_send: before_send, flush_interval: 3_600_000)
    :ok = Klime.track(client, "Signed Up", %{plan: "pro", password: "hunter2"}, user_id: 1, ip: "203.0.113.7")
    assert_received {:seen, ^test, message_id}
    for name <- ["Drop", "Raise", "Nonsense", "Spoil"], do: :ok = Klime.track(client, name, %{}, user_id: 1)
    :ok = Klime.flush(client)
    assert [event] = Server.events(server, 1)
    assert event["properties"] == %{"plan" => "pro"}
    assert event["messageId"] == message_id
    assert %{"ip" => "203.0.113.7", "library" => %{"name" => "elixir-sdk"}} = event["context"]
    assert %{before_send: 3, invalid: 1} = Klime.stats(client).dropped

    assert {:ok, %{accepted: 1}} = Klime.track!(client, "Signed Up", %{password: "hunter2"}, user_id: 1)
    assert [event] = Server.events(server, 1)
    refute Map.has_key?(event, "properties")

    for {name, kind, message} <- [
          {"Drop", :before_send, "Event was dropped by before_send"},
          {"Raise", :before_send, "Before_send raised RuntimeError"},
          {"Exit", :before_send, "Before_send did not return"},
          {"Nonsense", :before_send, "Before_send returned neither an event nor nil"},
          {"Type", :before_send, "Before_send returned an event that cannot be read"},
          {"Spoil", :invalid, "Properties.pid is a process id, which JSON cannot hold"}
        ] do
      assert {:error, %Klime.SendError{kind: ^kind, message: ^message}} = Klime.track!(client, name, %{}, user_id: 1)
    end

    assert {:ok, %{accepted: 1}} = Klime.track!(client, "Text", %{}, user_id: 1)
    assert [%{"type" => "track", "event" => "Of text"}] = Server.events(server, 1)
  end
end
