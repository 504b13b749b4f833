defmodule Klime.NeverInTheWayTest do
  # Not async: it counts threads and memory.
  use ExUnit.Case

  alias Klime.Server

  test "50 processes track while Klime hangs, and none waits or exits" do
    server = Server.start(%{fault: :hold})
    client = start_supervised!({Klime.Client, write_key: "k", endpoint: Server.url(server), max_queue_size: 10_000})

    tracking =
      for number <- 1..50 do
        Task.async(fn ->
          for count <- 1..100, do: assert(Klime.track(client, "Event", %{count: count}, user_id: number) == :ok)
          :returned
        end)
      end

    # The server answers nothing before all of them have returned.
    assert Task.await_many(tracking, 10_000) == List.duplicate(:returned, 50)
    stats = Klime.stats(client)
    assert {stats.enqueued, stats.accepted, stats.pending} == {5000, 0, 5000}

    Server.release(server)
    assert Klime.flush(client) == :ok
    assert Klime.stats(client).accepted == 5000
    assert length(Server.events(server, 5000)) == 5000
  end

  test "a call neither sends a message to the client nor waits for it" do
    {:ok, client} = Klime.Client.start_link(testing: false, write_key: "k", endpoint: Server.url(Server.start()))
    :sys.suspend(client)

    assert Klime.track(client, "Event", %{}, user_id: 1) == :ok
    assert Klime.identify(client, 1, %{}) == :ok
    assert Klime.group(client, 1, %{}) == :ok
    assert Klime.queue_size(client) == 3
    assert Klime.stats(client).enqueued == 3
    assert Process.info(client, :message_queue_len) == {:message_queue_len, 0}

    :sys.resume(client)
    assert Klime.flush(client) == :ok
  end

  test "a full queue drops the oldest event, or the newest" do
    for {overflow, kept} <- [drop_oldest: [2, 3], drop_newest: [1, 2]] do
      server = Server.start()
      test = self()

      options = [
        write_key: "k",
        endpoint: Server.url(server),
        max_queue_size: 2,
        overflow: overflow,
        flush_interval: 3_600_000,
        on_drop: fn reason, events -> send(test, {overflow, reason, Enum.map(events, & &1.properties["n"])}) end
      ]

      {:ok, client} = Klime.Client.start_link(options)
      for n <- 1..3, do: :ok = Klime.track(client, "Event", %{n: n}, user_id: 1)
      :ok = Klime.flush(client)
      assert Enum.map(Server.events(server, 2), & &1["properties"]["n"]) == kept
      assert_received {^overflow, :queue_full, dropped}
      assert dropped == [1, 2, 3] -- kept
      assert Klime.stats(client).dropped.queue_full == 1
    end
  end

  test "Retry-After holds back everything" do
    server = Server.start([%{status: 429, headers: %{"retry-after" => "1"}}])
    {:ok, client} = Klime.Client.start_link(write_key: "k", endpoint: Server.url(server), retry_initial_delay: 1)
    :ok = Klime.track(client, "Event", %{}, user_id: 1)
    :ok = Klime.flush(client)

    assert [%{delay: nil, events: [first]}, %{delay: delay, events: [again]}] = [
             Server.request(server),
             Server.request(server)
           ]

    assert delay >= 1000
    assert first["messageId"] == again["messageId"]
  end

  test "work of the Rust half counts as the caller's, so that the scheduler lets others run in time" do
    client = start_supervised!({Klime.Client, write_key: "k", endpoint: Server.url(Server.start())}, id: :plain)
    screening = start_supervised!({Klime.Client, testing: true, before_send: & &1})
    small = ~s({"type":"identify","userId":1})
    large = ~s({"type":"identify","userId":1,"traits":{"text":"#{String.duplicate("x", 100_000)}"}})

    for {what, call} <- [
          enqueue: fn json -> :ok = Klime.Native.enqueue(client, json) end,
          enqueue_screened: fn json -> :ok = Klime.Native.enqueue_screened(screening, json) end,
          count_dropped: fn json -> :ok = Klime.Native.count_dropped(client, :invalid, "test", json) end,
          encode: fn json -> {:ok, _} = Klime.Native.encode(%{"text" => json}, 262_144) end,
          refuse: fn json -> :odd = Klime.Native.encode([json, {1}], 262_144) end
        ] do
      assert reductions(call, small) < 500, "#{what} of a small event"
      # A turn has 4000, and 200 KB are one.
      assert reductions(call, large) > 1500, "#{what} of a large event"
    end
  end

  defp reductions(call, json) do
    # A new turn: more than what is left of one is never counted.
    :erlang.yield()
    {:reductions, before} = Process.info(self(), :reductions)
    call.(json)
    {:reductions, later} = Process.info(self(), :reductions)
    later - before
  end

  @tag :proc
  test "1,000 clients that are started and killed leave no thread, no process and no memory behind" do
    server = Server.start()

    round = fn count ->
      clients =
        for _ <- 1..count do
          {:ok, client} =
            Klime.Client.start_link(write_key: "k", endpoint: Server.url(server), on_success: fn _ -> :ok end)

          :ok = Klime.track(client, "Event", %{}, user_id: 1)
          Process.unlink(client)
          reference = Process.monitor(client)
          Process.exit(client, :kill)
          receive do: ({:DOWN, ^reference, _, _, :killed} -> client)
        end

      assert length(Server.events(server, count)) == count
      for client <- clients, do: assert(Klime.queue_size(client) == 0)
    end

    growth = fn count ->
      before = memory()
      round.(count)
      eventually(fn -> {threads(), tellers()} == {[], []} end)
      memory() - before
    end

    # The allocator and the VM take their share first, and now and then some more. What leaks is there in each round, and what a client
    # has is more than 4 KiB.
    growth.(500)
    grown = Enum.map(1..3, fn _ -> growth.(1000) end)
    assert Enum.min(grown) < 4 * 1024, "the process has grown by #{inspect(grown)} KiB"
  end

  @tag :proc
  test "a client whose name nobody registers leaves no thread behind" do
    test = self()

    start = fn ->
      name = {:via, Registry, {NoRegistry, 1}}
      assert_raise ArgumentError, fn -> Klime.Client.start_link(write_key: "k", name: name) end
      send(test, :tried)
      receive do: (:never -> :ok)
    end

    # So large that no garbage collection ends the threads.
    :erlang.spawn_opt(start, [:link, min_heap_size: 1_000_000])
    assert_receive :tried, 5000
    eventually(fn -> threads() == [] end)
  end

  # The threads of clients. That of the answers is the library's own, one for all.
  defp threads do
    "/proc/self/task"
    |> File.ls!()
    |> Enum.flat_map(&names("/proc/self/task/#{&1}/comm"))
    |> Enum.filter(&(&1 =~ ~r/^klime-(worker|notices|resolver)/))
  end

  defp names(path) do
    case File.read(path) do
      {:ok, name} -> [name]
      # It has ended since.
      {:error, _} -> []
    end
  end

  # The processes that outlive their clients.
  defp tellers do
    for pid <- Process.list(),
        {:dictionary, words} <- [Process.info(pid, :dictionary)],
        match?({Klime.Teller, _, _}, words[:"$initial_call"]),
        do: pid
  end

  # What the process has in memory, in KiB.
  defp memory do
    :erlang.garbage_collect()
    [_, resident] = Regex.run(~r/VmRSS:\s+(\d+) kB/, File.read!("/proc/self/status"))
    String.to_integer(resident)
  end

  # Threads end on their own time, and nothing says when. What limits the loop is that it fails at last.
  defp eventually(condition, deadline \\ System.monotonic_time(:millisecond) + 30_000) do
    cond do
      condition.() ->
        :ok

      System.monotonic_time(:millisecond) > deadline ->
        flunk("it never became true: #{inspect({threads(), tellers()})}")

      true ->
        :erlang.yield() && eventually(condition, deadline)
    end
  end
end
