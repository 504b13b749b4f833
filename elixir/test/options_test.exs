defmodule Klime.OptionsTest do
  # Not async: the environment and `config :klime` are the whole VM's.
  use ExUnit.Case

  import ExUnit.CaptureLog

  alias Klime.{ConfigurationError, Server}

  setup do
    on_exit(fn ->
      for {key, _} <- Application.get_all_env(:klime), do: Application.delete_env(:klime, key)
      for name <- ~w(KLIME_ENDPOINT KLIME_DISABLED), do: System.delete_env(name)
    end)
  end

  test "options that are no good are an answer, not an exit" do
    bad = [
      {[], "write_key is required"},
      {[write_key: nil], "write_key is required"},
      {[write_key: ""], "write_key is required"},
      {[write_key: " \n"], "write_key is required"},
      {[write_key: :key], "write_key is an atom, it must be a string"},
      {[write_key: "key\n"],
       "write_key has U+000A at byte 3, which no header can carry; trim the line break at its end"},
      {[write_key: "k", endpoint: "ftp://acme.com"],
       ~s(endpoint is "ftp://acme.com", it must begin with https:// or http://)},
      {[write_key: "k", endpoint: ~c"http://x"], "endpoint is a list, it must be a string"},
      {[write_key: "k", flush_interval: 0], "flush_interval is 0 ms, it must be at least 1 ms"},
      {[write_key: "k", flush_interval: "2s"], ~s(flush_interval is "2s", it must be a whole number of milliseconds)},
      {[write_key: "k", max_batch_size: 0], "max_batch_size is 0, it must be from 1 to 100"},
      {[write_key: "k", max_batch_size: -1], "max_batch_size is -1, it must be a whole number"},
      {[write_key: "k", max_queue_size: 0], "max_queue_size is 0, it must be at least 1"},
      {[write_key: "k", max_queue_bytes: 1], "max_queue_bytes is 1, it must be at least 204800"},
      {[write_key: "k", retry_max_attempts: 0], "retry_max_attempts is 0, it must be at least 1"},
      {[write_key: "k", retry_initial_delay: 0], "retry_initial_delay is 0 ms, it must be at least 1 ms"},
      {[write_key: "k", max_in_flight: 65], "max_in_flight is 65, it must be from 1 to 64"},
      {[write_key: "k", connect_timeout: 0], "connect_timeout is 0 ms, it must be at least 1 ms"},
      {[write_key: "k", request_timeout: 1.5], "request_timeout is 1.5, it must be a whole number of milliseconds"},
      {[write_key: "k", overflow: :drop_all], "overflow is :drop_all, it must be :drop_oldest or :drop_newest"},
      {[write_key: "k", flush_on_shutdown: 1], "flush_on_shutdown is 1, it must be true or false"},
      {[write_key: "k", on_error: &is_nil/1], "on_error is &:erlang.is_nil/1, it must be a function (error, events)"},
      {[write_key: "k", on_success: :log], "on_success is :log, it must be a function (response)"},
      {[write_key: "k", endpoint: "http://klime.internal"], nil},
      {%{write_key: "k"}, "options are a map, they must be a keyword list"},
      {[write_key: "k", name: "klime"],
       ~s(name is "klime", it must be an atom, {:global, term} or {:via, module, term})},
      {[write_key: "k", name: true], "name is true, it must be an atom, {:global, term} or {:via, module, term}"}
    ]

    for {options, message} <- bad do
      assert {:error, %ConfigurationError{message: said} = error} = Klime.Client.start_link(options)
      assert Exception.message(error) == said
      if message && not (message =~ "on_error"), do: assert(said == message)
      refute inspect(said) =~ "secret"
    end
  end

  test "a key that is no good is not shown" do
    assert {:error, error} = Klime.Client.start_link(write_key: "my secret")
    refute error.message =~ "secret"
  end

  test "options that are taken" do
    for options <- [
          [flush_interval: 999_999_999, retry_initial_delay: 999_999_999, request_timeout: 999_999_999],
          [flush_interval: 1_000_000_000_000_000_000_000_000],
          [max_queue_size: 1, max_queue_bytes: 204_800, max_in_flight: 64, overflow: :drop_newest],
          [on_error: nil, on_success: nil, overflow: nil, max_batch_size: nil],
          [endpoint: "http://klime.internal:8080", allow_insecure_http: true],
          [endpoint: "https://proxy.acme.com/klime/"]
        ] do
      assert {:ok, client} = Klime.Client.start_link([write_key: "k"] ++ options)
      assert Klime.queue_size(client) == 0
    end
  end

  test "an option that there is none of is said to be ignored" do
    log = capture_log(fn -> assert {:ok, _} = Klime.Client.start_link(write_key: "k", flush_intervall: 5) end)
    assert log =~ "there are no options [:flush_intervall]"
    Application.put_env(:klime, :write_kee, "k")
    log = capture_log(fn -> assert {:ok, _} = Klime.Client.start_link(write_key: "k") end)
    assert log =~ "there are no options [:write_kee]"
  end

  test "the test mode is asked for by the code, so the environment does not disable it" do
    System.put_env("KLIME_DISABLED", "1")
    Application.put_env(:klime, :testing, true)
    client = start_supervised!(Klime.Client)
    :ok = Klime.track("Event", %{}, user_id: 1)
    assert [%Klime.Event{event: "Event"}] = Klime.Testing.events()
    assert %{enqueued: 1, dropped: %{disabled: 0}} = Klime.stats(client)
    # Unless the code says so too.
    {:ok, disabled} = Klime.Client.start_link(testing: true, disabled: true)
    :ok = Klime.track(disabled, "Event", %{}, user_id: 1)
    assert Klime.Testing.events(disabled) == []
  end

  test "more than 100 events in a batch are taken as 100" do
    server = Server.start()

    {:ok, client} =
      Klime.Client.start_link(
        write_key: "k",
        endpoint: Server.url(server),
        max_batch_size: 1000,
        flush_interval: 3_600_000
      )

    for n <- 1..150, do: :ok = Klime.identify(client, n)
    assert length(Server.request(server).events) == 100
    :ok = Klime.flush(client)
    assert length(Server.request(server).events) == 50
  end

  test "the endpoint may come from the environment, and an option wins" do
    server = Server.start()
    System.put_env("KLIME_ENDPOINT", Server.url(server))
    {:ok, client} = Klime.Client.start_link(write_key: "k")
    :ok = Klime.identify(client, 1)
    :ok = Klime.flush(client)
    assert [%{"userId" => 1}] = Server.events(server, 1)

    System.put_env("KLIME_ENDPOINT", "ftp://nowhere")
    assert {:error, %{message: ~s(endpoint is "ftp://nowhere") <> _}} = Klime.Client.start_link(write_key: "k")
    assert {:ok, _} = Klime.Client.start_link(write_key: "k", endpoint: Server.url(server))
  end

  test "a disabled client sends nothing, needs no key, and counts its events as dropped" do
    System.put_env("KLIME_DISABLED", "1")
    {:ok, by_environment} = Klime.Client.start_link(name: __MODULE__.Disabled)
    System.put_env("KLIME_DISABLED", "0")
    {:ok, by_option} = Klime.Client.start_link(disabled: true)

    for client <- [by_environment, by_option] do
      assert Klime.track(client, "Event", %{}, user_id: 1) == :ok
      assert Klime.flush(client) == :ok

      assert {:error, %Klime.SendError{kind: :disabled, message: "Client is disabled"}} =
               Klime.track!(client, "Event", %{}, user_id: 1)

      assert %{enqueued: 2, pending: 0, requests: 0, dropped: %{disabled: 2}} = Klime.stats(client)
      assert Klime.shutdown(client) == :ok
    end

    System.put_env("KLIME_DISABLED", "yes")

    assert {:error, %{message: ~s(KLIME_DISABLED is "yes", it must be 1 or 0)}} =
             Klime.Client.start_link(write_key: "k")
  end

  test "a child spec is what supervisors of the official package know" do
    assert Klime.Client.child_spec([]).id == Klime.Client
    options = [write_key: "k", name: Klime, flush_interval: 5]

    assert Klime.Client.child_spec(options) == %{
             id: Klime,
             start: {Klime.Client, :start_link, [options]},
             type: :worker,
             restart: :permanent,
             shutdown: 5000
           }

    assert Klime.child_spec(options) == Klime.Client.child_spec(options)
    # What is no keyword list is the answer of the start.
    assert %{id: Klime.Client, start: {_, _, [%{write_key: "k"}]}} = Klime.Client.child_spec(%{write_key: "k"})
  end

  describe "the calls of 1.1, without a client" do
    setup do
      server = Server.start()
      Application.put_all_env(klime: [write_key: "configured", endpoint: Server.url(server), flush_interval: 3_600_000])
      start_supervised!(Klime.Client)
      %{server: server}
    end

    test "go to the client of the configuration, registered as :klime", %{server: server} do
      assert is_pid(Process.whereis(:klime))
      assert Klime.track("Button Clicked", %{plan: "pro"}, user_id: "user_1") == :ok
      assert Klime.track("Events Received", [count: 100], group_id: "org") == :ok
      assert Klime.track(:atom, %{}, user_id: 1) == :ok
      assert Klime.identify("user_1", %{email: "a@b.c"}) == :ok
      assert Klime.identify(42) == :ok
      assert Klime.identify(42, %{plan: "pro"}, ip: "203.0.113.7") == :ok
      assert Klime.group("org", %{name: "Acme"}, user_id: "user_1") == :ok
      assert Klime.group("org", %{name: "Acme"}) == :ok
      assert Klime.group("org") == :ok
      assert Klime.queue_size() == 9
      assert Klime.flush() == :ok
      request = Server.request(server)
      assert request.headers["authorization"] == "Bearer configured"

      shapes =
        for event <- request.events,
            do:
              {event["type"], event["event"], event["userId"], event["groupId"], event["properties"] || event["traits"]}

      assert shapes == [
               {"track", "Button Clicked", "user_1", nil, %{"plan" => "pro"}},
               {"track", "Events Received", nil, "org", %{"count" => 100}},
               {"track", "atom", 1, nil, nil},
               {"identify", nil, "user_1", nil, %{"email" => "a@b.c"}},
               {"identify", nil, 42, nil, nil},
               {"identify", nil, 42, nil, %{"plan" => "pro"}},
               {"group", nil, "user_1", "org", %{"name" => "Acme"}},
               {"group", nil, nil, "org", %{"name" => "Acme"}},
               {"group", nil, nil, "org", nil}
             ]
    end

    test "that wait for the answer", %{server: server} do
      assert {:ok, %Klime.BatchResponse{accepted: 1}} = Klime.track!("Paid", %{}, user_id: 1)
      assert {:ok, %Klime.BatchResponse{accepted: 1}} = Klime.identify!(1)
      assert {:ok, %Klime.BatchResponse{accepted: 1}} = Klime.identify!(1, %{a: 1})
      assert {:ok, %Klime.BatchResponse{accepted: 1}} = Klime.identify!(1, %{a: 1}, ip: "203.0.113.7")
      assert {:ok, %Klime.BatchResponse{accepted: 1}} = Klime.group!("org")
      assert {:ok, %Klime.BatchResponse{accepted: 1}} = Klime.group!("org", %{a: 1})
      assert {:ok, %Klime.BatchResponse{accepted: 1}} = Klime.group!("org", %{a: 1}, user_id: 1)
      assert {:error, %Klime.SendError{kind: :invalid}} = Klime.track!("Paid")
      assert {:error, %Klime.SendError{kind: :invalid}} = Klime.track!("Paid", %{a: 1})
      assert length(Server.events(server, 7)) == 7
      assert Klime.stats().accepted == 7
      assert Klime.shutdown() == :ok
      assert {:error, %Klime.SendError{message: "Client is shutdown"}} = Klime.track!("Paid", %{}, user_id: 1)
    end

    test "live beside those with one", %{server: server} do
      other = Server.start()
      {:ok, client} = Klime.Client.start_link(write_key: "other", endpoint: Server.url(other), name: __MODULE__.Other)
      :ok = Klime.track(client, "By pid", %{}, user_id: 1)
      :ok = Klime.track(__MODULE__.Other, "By name", %{}, user_id: 1)
      :ok = Klime.identify(__MODULE__.Other, "user")
      :ok = Klime.identify(__MODULE__.Other, 42, %{plan: "pro"})
      :ok = Klime.group(client, "org")
      :ok = Klime.group(client, "org", %{}, user_id: 1)
      :ok = Klime.track("Without", %{}, user_id: 1)
      :ok = Klime.flush(client)
      :ok = Klime.flush()

      assert Enum.map(Server.events(other, 6), &(&1["event"] || &1["type"])) == [
               "By pid",
               "By name",
               "identify",
               "identify",
               "group",
               "group"
             ]

      assert [%{"event" => "Without"}] = Server.events(server, 1)
      assert {Server.requests(server), Server.requests(other)} == {[], []}
    end
  end

  test "bytes that are no text are an answer" do
    for {name, options} <- [write_key: [write_key: "k\xff"], endpoint: [write_key: "k", endpoint: "http://\xff"]] do
      assert {:error, %Klime.ConfigurationError{message: message}} = Klime.Client.start_link(options)
      assert message == "#{name} is not valid UTF-8"
    end
  end

  test "nil is not given" do
    Application.put_env(:klime, :write_key, "configured")
    on_exit(fn -> Application.delete_env(:klime, :write_key) end)
    assert {:ok, %{native: %{write_key: "configured"}}} = Klime.Options.read(write_key: nil)
  end
end
