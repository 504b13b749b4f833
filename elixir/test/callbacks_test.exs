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

  test "what a client loses after it was killed is in the log" do
    server = Server.start(%{fault: :hang})
    client = start(server, shutdown_timeout: 100)
    Process.unlink(client)
    logger = Process.whereis(Klime.LastWords)
    :erlang.trace(logger, true, [:receive])

    log =
      capture_log(fn ->
        for _ <- 1..45, do: :ok = Klime.track(client, "Event", %{}, user_id: 1)
        Process.exit(client, :kill)
        await_losses(logger, 45)
        # It has logged what it was told before.
        :sys.get_state(logger)
      end)

    assert log =~ ~r/klime lost \d+ events: \d+ dropped at the deadline of the shutdown/
  end

  # Lines may share the losses among them.
  defp await_losses(_logger, 0), do: :ok

  defp await_losses(logger, count) do
    assert_receive {:trace, ^logger, :receive, {:klime, :log, :warning, "klime lost " <> text}}, 10_000
    {lost, _} = Integer.parse(text)
    await_losses(logger, count - lost)
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
    assert {:error, %Klime.SendError{kind: :before_send}} = Klime.track!(client, "Drop", %{}, user_id: 1)
  end
end
