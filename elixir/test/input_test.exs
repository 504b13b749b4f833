defmodule Klime.InputTest do
  # Bad input: a log line that names what is wrong, `:ok`, and a client that lives. Not async: it captures logs.
  use ExUnit.Case

  import ExUnit.CaptureLog

  alias Klime.Server

  defmodule Unknown do
    defstruct [:secret]
  end

  setup do
    server = Server.start()
    %{server: server, client: start(server)}
  end

  # A client of its own logs its first loss at once.
  defp start(server) do
    options = [write_key: "k", endpoint: Server.url(server), flush_interval: 3_600_000]
    start_supervised!({Klime.Client, options}, id: make_ref())
  end

  # Makes calls that are all refused, and returns the log.
  defp refused(client, calls) do
    before = Klime.stats(client)

    log =
      capture_log(fn ->
        for call <- calls, do: assert(call.() == :ok)
        :ok = Klime.flush(client)
      end)

    after_them = Klime.stats(client)
    assert after_them.dropped.invalid == before.dropped.invalid + length(calls)
    assert after_them.enqueued == before.enqueued + length(calls)
    assert after_them.pending == 0
    log
  end

  defp still_works(client, server) do
    assert Klime.track(client, "Fine", %{}, user_id: 1) == :ok
    assert Klime.flush(client) == :ok
    assert [%{"event" => "Fine"}] = Server.events(server, 1)
  end

  bad = [
    {"a tuple", quote(do: {1, 2}), "properties.bad is a tuple, which JSON cannot hold"},
    {"a process id", quote(do: self()), "properties.bad is a process id, which JSON cannot hold"},
    {"a function", quote(do: &is_nil/1), "properties.bad is a function, which JSON cannot hold"},
    {"a reference", quote(do: make_ref()), "properties.bad is a reference, which JSON cannot hold"},
    {"bytes that are no UTF-8", quote(do: <<255>>),
     "properties.bad is text that is not valid UTF-8, which JSON cannot hold"},
    {"bits", quote(do: <<1::3>>), "properties.bad is a bit string, which JSON cannot hold"},
    {"an improper list", quote(do: [1 | 2]), "properties.bad is an improper list, which JSON cannot hold"},
    {"a keyword list", quote(do: [a: 1]), "properties.bad.0 is a tuple, which JSON cannot hold"},
    {"a struct without an encoder", quote(do: struct(Unknown, secret: "s3cret")),
     "properties.bad is a struct Klime.InputTest.Unknown without a JSON encoder that works, which JSON cannot hold"},
    {"something deep inside", quote(do: %{a: [1, %{"b" => {1}}]}),
     "properties.bad.a.1.b is a tuple, which JSON cannot hold"},
    {"a key that is no text", quote(do: %{{1, 2} => 1}), "properties.bad.a key is a tuple, which JSON cannot hold"}
  ]

  for {what, value, message} <- bad do
    test "#{what} in properties or traits", %{client: client, server: server} do
      bad = unquote(value)
      log = refused(client, [fn -> Klime.track(client, "Event", %{good: 1, bad: bad}, user_id: 1) end])
      assert log =~ unquote(message)
      refute log =~ "s3cret"
      traits = String.replace(unquote(message), "properties", "traits")
      assert Klime.identify(client, 1, %{bad: bad}) == :ok
      assert {:error, %Klime.SendError{kind: :invalid, message: said}} = Klime.identify!(client, 1, %{bad: bad})
      assert String.downcase(said) == String.downcase(traits)
      still_works(client, server)
    end
  end

  test "arguments of the wrong type", %{client: client, server: server} do
    calls = fn client ->
      %{
        "event name must be a string, not a number" => fn -> Klime.track(client, 42, %{}, user_id: 1) end,
        "event name is missing" => fn -> Klime.track(client, nil, %{}, user_id: 1) end,
        "event name is empty" => fn -> Klime.track(client, "", %{}, user_id: 1) end,
        "properties must be an object, not a string" => fn -> Klime.track(client, "Event", "plan", user_id: 1) end,
        "properties must be an object, not an array" => fn -> Klime.track(client, "Event", [1], user_id: 1) end,
        "properties must be an object" => fn -> Klime.track(client, "Event", ~D[2026-11-23], user_id: 1) end,
        "traits must be an object, not a number" => fn -> Klime.identify(client, 1, 2) end,
        "options cannot be read, they must be a keyword list" => fn -> Klime.track(client, "Event", %{}, %Unknown{}) end,
        "timestamp is no time that there is" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1, timestamp: Map.put(~U[2026-11-23 15:20:00Z], :month, :may))
        end,
        "last problem: timestamp is no time that there is" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1, timestamp: Map.put(~N[2026-11-23 15:20:00], :month, :may))
        end,
        "options must be a keyword list" => fn -> Klime.track(client, "Event", %{}, :user) end,
        "last problem: options must be a keyword list" => fn -> Klime.track(client, "Event", %{}, [:user]) end,
        "user_id is a tuple, which JSON cannot hold" => fn ->
          Klime.track(client, "Event", %{}, user_id: {1})
        end,
        "group id must be a string or an integer, not an object" => fn ->
          Klime.track(client, "Event", %{}, group_id: %{})
        end,
        "user id must be a string or an integer, not a fraction" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1.5)
        end,
        "user id is empty" => fn -> Klime.identify(client, "") end,
        "identify event has no user id" => fn -> Klime.identify(client, nil) end,
        "group event has no group id" => fn -> Klime.group(client, nil) end,
        "track event has neither a user id nor a group id" => fn -> Klime.track(client, "Event") end,
        "timestamp is not in ISO 8601" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1, timestamp: "yesterday")
        end,
        "timestamp has no time zone" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1, timestamp: "2020-01-01T00:00:00")
        end,
        "timestamp is a tuple, which JSON cannot hold" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1, timestamp: {1})
        end,
        "ip must be a string or the tuple of an IP address" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1, ip: 5)
        end,
        "last problem: ip must be a string or the tuple of an IP address" => fn ->
          Klime.track(client, "Event", %{}, ip: {1, 2}, user_id: 1)
        end,
        "it needs one at least; user_id is among its properties, it belongs to the options" => fn ->
          Klime.track(client, "Event", user_id: 1)
        end,
        "it needs one at least; group_id is among its properties, it belongs to the options" => fn ->
          Klime.track(client, "Event", %{"group_id" => "org"}, ip: "203.0.113.7")
        end,
        "message id must be a string, not a number" => fn ->
          Klime.track(client, "Event", %{}, user_id: 1, message_id: 1)
        end,
        "user_id is text that is not valid UTF-8" => fn -> Klime.track(client, "Event", %{}, user_id: <<255>>) end
      }
    end

    for message <- Map.keys(calls.(client)) do
      client = start(server)
      assert refused(client, [Map.fetch!(calls.(client), message)]) =~ message
    end

    still_works(client, server)
  end

  test "terms nested deeper than any stack are refused like others", %{client: client, server: server} do
    deep = Enum.reduce(1..200_000, [], fn _, inner -> [inner] end)

    assert refused(client, [fn -> Klime.track(client, "Event", %{deep: deep}, user_id: 1) end]) =~
             "nested deeper than 100 levels"

    wide = Enum.reduce(1..200_000, %{}, fn _, inner -> %{a: inner} end)
    another = start(server)
    assert refused(another, [fn -> Klime.identify(another, 1, wide) end]) =~ "nested deeper than 100 levels"
    still_works(client, server)
  end

  test "an event of many megabytes costs no time to speak of", %{client: client, server: server} do
    text = String.duplicate("x", 50_000_000)
    assert Klime.track(client, "Event", %{text: text}, user_id: 1) == :ok
    assert %{pending: 0, enqueued: 1} = Klime.stats(client)
    half = String.duplicate("x", 1_500_000)
    assert Klime.track(client, half, %{text: half}, user_id: 1) == :ok
    assert %{pending: 0, enqueued: 2} = Klime.stats(client)
    still_works(client, server)
  end

  test "a flush takes a time or none", %{client: client} do
    assert Klime.flush(client, 0) == :ok
    assert Klime.flush(client, :infinity) == :ok
    assert Klime.flush(client, 1_000_000_000_000_000_000_000_000) == :ok
    for bad <- [-1, 1.5, nil, "1"], do: assert_raise(FunctionClauseError, fn -> Klime.flush(client, bad) end)
    assert Process.alive?(client)
  end

  test "an event that is too large is said to be so", %{client: client, server: server} do
    log =
      capture_log(fn ->
        assert Klime.track(client, "Event", %{text: String.duplicate("x", 200 * 1024)}, user_id: 1) == :ok
        :ok = Klime.flush(client)
      end)

    assert log =~ ~r/1 dropped as too large; last problem: event is \d+ bytes of JSON, the most is 204800/
    assert Klime.stats(client).dropped.too_large == 1
    still_works(client, server)
  end

  test "a flood of bad events makes one log line a second at most", %{client: client} do
    {time, log} = :timer.tc(fn -> refused(client, List.duplicate(fn -> Klime.track(client, "Event") end, 2000)) end)
    lines = log |> String.split("klime lost") |> length() |> Kernel.-(1)
    assert lines in 1..(div(time, 1_000_000) + 1)
  end

  test "an integer of more than 64 bits is sent as it is where the encoder can, and is a float in a callback's event" do
    big = 2 ** 70
    server = Server.start([%{status: 400}])
    test = self()
    on_error = fn _error, [event] -> send(test, {:failed, event.properties["big"]}) end

    client =
      start_supervised!({Klime.Client, write_key: "k", endpoint: Server.url(server), on_error: on_error}, id: :big)

    capture_log(fn ->
      assert Klime.track(client, "Event", %{big: big}, user_id: 1) == :ok
      assert Klime.flush(client) == :ok
    end)

    if Code.ensure_loaded?(Jason) or Code.ensure_loaded?(JSON) do
      assert hd(Server.requests(server)).body =~ "#{big}"
      assert_received {:failed, told}
      assert told === big * 1.0
    else
      assert Klime.stats(client).dropped.invalid == 1
    end
  end

  test "losses make one log line a second at most, however often it is flushed", %{client: client} do
    calls = List.duplicate(fn -> Klime.track(client, "Event") && Klime.flush(client) end, 200)
    {time, log} = :timer.tc(fn -> refused(client, calls) end)
    lines = log |> String.split("klime lost") |> length() |> Kernel.-(1)
    assert lines in 1..(div(time, 1_000_000) + 1)
  end

  test "events without a client are said to be lost once a second at most" do
    log = capture_log(fn -> for _ <- 1..100, do: :ok = Klime.track("Event", %{}, user_id: 1) end)
    assert (log |> String.split("no client is running as :klime") |> length()) - 1 <= 2
  end

  test "an option that a call does not have is named, once a second at most", %{client: client} do
    Klime.Log.start()

    log =
      capture_log(fn ->
        for _ <- 1..100, do: :ok = Klime.track(client, "Event", %{}, userid: 1)
        assert {:error, %{kind: :invalid}} = Klime.track!(client, "Event", %{}, %{"user_id" => 1})
      end)

    assert log =~ "klime: a call has no option :userid, it is ignored"
    assert (log |> String.split("a call has no option") |> length()) - 1 <= 3
    Klime.Log.start()
    log = capture_log(fn -> :ok = Klime.track(client, "Event", %{}, user_id: 1, timeout: 5) end)
    assert log =~ "klime: a call has no option :timeout"
  end

  test "a call's time that is none is refused", %{client: client} do
    for bad <- [-1, 1.5, "2s"] do
      assert {:error, %Klime.SendError{kind: :invalid, message: message}} =
               Klime.track!(client, "Event", %{}, user_id: 1, timeout: bad)

      assert message == "Timeout is #{inspect(bad)}, it must be a whole number of milliseconds or :infinity"
    end

    assert %{enqueued: 3, dropped: %{invalid: 3}} = Klime.stats(client)

    for fine <- [nil, :infinity, 60_000, 1_000_000_000_000_000_000_000_000] do
      assert {:ok, %{accepted: 1}} = Klime.track!(client, "Event", %{}, user_id: 1, timeout: fine)
      assert {:ok, %{accepted: 1}} = Klime.group!(client, 1, %{}, %{timeout: fine})
      assert {:ok, %{accepted: 1}} = Klime.identify!(client, 1, %{}, timeout: fine)
    end
  end

  test "what Ecto and Elixir have at hand is accepted", %{client: client, server: server} do
    :ok = Klime.track(client, :signed_up, nil, user_id: 42)

    :ok =
      Klime.track(client, "Event", %{1 => "a", "b" => nil, c: :atom, d: ~U[2026-11-23 15:20:00Z], "é✓": [1.5, true]},
        user_id: :ecto
      )

    :ok = Klime.track(client, "Event", [plan: "pro"], group_id: 18_446_744_073_709_551_615)
    :ok = Klime.track(client, "Event", %{}, %{user_id: "map"})
    :ok = Klime.identify(client, "user", nil)
    :ok = Klime.group(client, 7, %{}, user_id: nil)
    time = DateTime.new!(~D[2026-11-23], ~T[15:20:00.123456])

    :ok =
      Klime.track(client, "Event", %{}, user_id: 1, timestamp: time, message_id: "m-1", ip: {203, 0, 113, 7}, unknown: 1)

    :ok = Klime.identify(client, 1, %{}, ip: "203.0.113.8")
    # As Ecto has `inserted_at`.
    :ok = Klime.track(client, "Event", %{}, user_id: 1, timestamp: ~N[2026-11-23 15:20:00])
    :ok = Klime.track(client, "Event", [], user_id: 1)
    :ok = Klime.group(client, 1, [], user_id: 1)
    :ok = Klime.flush(client)

    assert [signed_up, odd, keyword, map, identify, group, all, ip | rest] = Server.events(server, 11)
    assert [%{"timestamp" => "2026-11-23T15:20:00.000Z"}, no_properties, no_traits] = rest
    refute Map.has_key?(no_properties, "properties")
    refute Map.has_key?(no_traits, "traits")
    assert %{"event" => "signed_up", "userId" => 42} = signed_up
    refute Map.has_key?(signed_up, "properties")

    assert odd["properties"] == %{
             "1" => "a",
             "b" => nil,
             "c" => "atom",
             "d" => "2026-11-23T15:20:00Z",
             "é✓" => [1.5, true]
           }

    assert odd["userId"] == "ecto"
    assert %{"properties" => %{"plan" => "pro"}, "groupId" => 18_446_744_073_709_551_615} = keyword
    assert map["userId"] == "map"
    assert %{"type" => "identify", "userId" => "user"} = identify
    assert %{"type" => "group", "groupId" => 7} = group
    refute Map.has_key?(group, "userId")
    assert %{"timestamp" => "2026-11-23T15:20:00.123Z", "messageId" => "m-1"} = all
    assert all["context"]["ip"] == "203.0.113.7"
    assert ip["context"]["ip"] == "203.0.113.8"
  end
end
