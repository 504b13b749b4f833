defmodule Klime.FacesTest do
  # Plug, telemetry, TLS, JSON encoders, test mode: where the package meets others. Not async: what is loaded is the whole VM's.
  use ExUnit.Case

  alias Klime.{JSONReader, Server}
  alias Klime.Stand.Optional

  defp start(server, options \\ []) do
    settings = [write_key: "k", endpoint: Server.url(server), flush_interval: 3_600_000]
    {:ok, client} = Klime.Client.start_link(Keyword.merge(settings, options))
    client
  end

  describe "Klime.Plug" do
    test "needs a client" do
      assert_raise KeyError, ~r/:client/, fn -> Klime.Plug.init([]) end
      assert Klime.Plug.init(client: Klime) == [client: Klime, timeout: 5000]
    end

    test "has the events delivered before the response goes out" do
      server = Server.start()
      client = start(server)
      conn = Klime.Plug.call(%Plug.Conn{}, Klime.Plug.init(client: client))
      :ok = Klime.track(client, "Event", %{}, user_id: 1)
      assert Server.requests(server) == []
      assert %{state: :sent, status: 200} = Plug.Conn.send_resp(conn, 200, "ok")
      assert Klime.stats(client).accepted == 1
    end

    test "lets a request wait no longer than its timeout" do
      server = Server.start(%{fault: :hold})
      client = start(server)
      conn = Klime.Plug.call(%Plug.Conn{}, Klime.Plug.init(client: client, timeout: 50))
      :ok = Klime.track(client, "Event", %{}, user_id: 1)
      assert %{state: :sent} = Plug.Conn.send_resp(conn, 200, "ok")
      assert Klime.queue_size(client) == 1
      Server.release(server)
      :ok = Klime.flush(client)
    end

    test "refuses a timeout that is none" do
      for timeout <- [-1, 1.5, nil, "5000"] do
        assert_raise ArgumentError, ~r/^timeout is /, fn -> Klime.Plug.init(client: Klime, timeout: timeout) end
      end

      assert Klime.Plug.init(client: Klime, timeout: :infinity) == [client: Klime, timeout: :infinity]
    end

    test "does not break a request when its client is gone" do
      client = start(Server.start())
      conn = Klime.Plug.call(%Plug.Conn{}, Klime.Plug.init(client: client))
      :ok = GenServer.stop(client)
      assert %{state: :sent} = Plug.Conn.send_resp(conn, 200, "ok")
      conn = Klime.Plug.call(%Plug.Conn{}, Klime.Plug.init(client: NobodyAtAll))
      assert %{state: :sent} = Plug.Conn.send_resp(conn, 200, "ok")
    end
  end

  describe "telemetry" do
    test "events are executed if telemetry is there" do
      Optional.install(:telemetry)
      test = self()
      handler = fn event, measurements, metadata, nil -> send(test, {:telemetry, event, measurements, metadata}) end

      for event <- [[:batch, :accepted], [:batch, :failed], [:events, :dropped]] do
        :ok = apply(:telemetry, :attach, [event, [:klime | event], handler, nil])
        on_exit(fn -> if Code.ensure_loaded?(:telemetry), do: apply(:telemetry, :detach, [event]) end)
      end

      server = Server.start([%{}, %{status: 400}])
      client = start(server, max_in_flight: 1, name: __MODULE__.Told)
      :ok = Klime.track(client, "Event", %{}, user_id: 1)
      :ok = Klime.flush(client)
      assert_received {:telemetry, [:klime, :batch, :accepted], %{accepted: 1, failed: 0}, metadata}
      assert %{client: ^client, name: __MODULE__.Told, response: %Klime.BatchResponse{}} = metadata

      :ok = Klime.track(client, "Event", %{}, user_id: 1)
      :ok = Klime.flush(client)
      assert_received {:telemetry, [:klime, :batch, :failed], %{events: 1, attempts: 1}, %{error: %{status_code: 400}}}

      :ok = Klime.track(client, "Event")
      :ok = Klime.track(client, "Event", %{bad: {1}}, user_id: 1)
      :ok = Klime.flush(client)

      dropped =
        for {:telemetry, [:klime, :events, :dropped], %{events: count}, %{reason: :invalid}} <- flush_messages(),
            do: count

      assert Enum.sum(dropped) == 2
    end

    test "a handler that raises hurts neither the client nor its callback" do
      Optional.install(:telemetry)
      test = self()
      raising = fn _, _, _, _ -> raise "no" end
      :ok = apply(:telemetry, :attach, [:raising, [:klime, :batch, :accepted], raising, nil])
      on_exit(fn -> if Code.ensure_loaded?(:telemetry), do: apply(:telemetry, :detach, [:raising]) end)
      client = start(Server.start(), on_success: &send(test, &1))
      :ok = Klime.track(client, "Event", %{}, user_id: 1)
      :ok = Klime.flush(client)
      assert_received %Klime.BatchResponse{accepted: 1}
    end

    test "that fails keeps no callback from being called" do
      if not Code.ensure_loaded?(:telemetry) do
        {:module, module, _, _} =
          Module.create(:telemetry, quote(do: def(execute(_, _, _), do: raise("not started"))), __ENV__)

        on_exit(fn -> Optional.undefine(module) end)
        test = self()
        client = start(Server.start(), on_success: &send(test, &1))

        log =
          ExUnit.CaptureLog.capture_log(fn ->
            :ok = Klime.track(client, "Event", %{}, user_id: 1)
            :ok = Klime.flush(client)
          end)

        assert_received %Klime.BatchResponse{accepted: 1}
        assert log =~ "klime: telemetry failed: ** (RuntimeError) not started"
      end
    end

    test "is not needed" do
      refute Klime.Options.telemetry?()
    end
  end

  defp flush_messages do
    receive do
      message -> [message | flush_messages()]
    after
      0 -> []
    end
  end

  describe "TLS" do
    test "a server whose certificate nobody vouches for gets nothing" do
      {:ok, _} = Application.ensure_all_started(:ssl)

      certificate = [key: {:namedCurve, :secp256r1}, digest: :sha256]
      chain = %{root: certificate, intermediates: [], peer: certificate}
      %{server_config: config} = :public_key.pkix_test_data(%{server_chain: chain, client_chain: chain})
      {:ok, listening} = :ssl.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}, log_level: :none] ++ config)
      {:ok, {_, port}} = :ssl.sockname(listening)
      test = self()

      spawn_link(fn ->
        {:ok, socket} = :ssl.transport_accept(listening)
        send(test, {:handshake, :ssl.handshake(socket)})
      end)

      client = start(Server.start(), endpoint: "https://localhost:#{port}", retry_max_attempts: 1)
      assert {:error, %Klime.SendError{kind: :network} = error} = Klime.track!(client, "Event", %{}, user_id: 1)
      assert error.message =~ ~r/^Network error.*certificate/i
      assert_receive {:handshake, {:error, _}}, 5000
    end
  end

  describe "JSON" do
    setup do
      encoder = Klime.JSON.encoder()
      on_exit(fn -> Klime.JSON.choose(encoder) end)
    end

    # Jason is there by a stand-in, if not itself.
    encoders = [:native, :jason] ++ if(Code.ensure_loaded?(JSON), do: [:json], else: [])

    for encoder <- encoders do
      test "by #{encoder} is the same" do
        choose(unquote(encoder))

        event = %{
          "text" => "ü ✓ \u{1F600} \"quoted\" \\ \n \u0001",
          "numbers" => [0, -1, 1.5, 1.0e300, 18_446_744_073_709_551_615, -9_223_372_036_854_775_808],
          "atoms" => [nil, true, false, :atom, :"é✓"],
          "map" => %{1 => 2, :atom => %{}, "text" => []},
          "times" => [~D[2026-11-23], ~T[15:20:00], ~N[2026-11-23 15:20:00], ~U[2026-11-23 15:20:00.123Z]],
          "charlist" => ~c"abc"
        }

        assert {:ok, json} = Klime.JSON.encode(event)

        assert json |> IO.iodata_to_binary() |> JSONReader.decode!() == %{
                 "text" => "ü ✓ \u{1F600} \"quoted\" \\ \n \u0001",
                 "numbers" => [0, -1, 1.5, 1.0e300, 18_446_744_073_709_551_615, -9_223_372_036_854_775_808],
                 "atoms" => [nil, true, false, "atom", "é✓"],
                 "map" => %{"1" => 2, "atom" => %{}, "text" => []},
                 "times" => ["2026-11-23", "15:20:00", "2026-11-23T15:20:00", "2026-11-23T15:20:00.123Z"],
                 "charlist" => [97, 98, 99]
               }
      end

      test "by #{encoder} says what it cannot hold" do
        choose(unquote(encoder))

        assert Klime.JSON.encode(%{"a" => [1, %{b: self()}], "c" => :d}) ==
                 {:error,
                  {:invalid, "a.1.b is a process id, which JSON cannot hold",
                   %{"a" => [1, %{"b" => "(a process id)"}], "c" => shown_atom(unquote(encoder))}}}

        assert {:error, {:invalid, "a is text that is not valid UTF-8, which JSON cannot hold", %{"a" => shown}}} =
                 Klime.JSON.encode(%{"a" => <<255>>})

        assert shown == "(text that is not valid UTF-8)"

        assert {:error, {:invalid, "user_id is a tuple, which JSON cannot hold", _}} =
                 Klime.JSON.encode(%{"userId" => {1}})
      end

      test "by #{encoder} bounds the time for what is far too large, odd or not" do
        choose(unquote(encoder))
        million = Enum.to_list(1..1_000_000)

        for {list, problem} <- [
              {million, "event is more than 262144 bytes of JSON, the most is 204800"},
              {[self() | million], "properties.list.0 is a process id, which JSON cannot hold"},
              {million ++ [self()], "event is more than 262144 bytes of JSON, the most is 204800"},
              {List.duplicate(self(), 1_000_000), "properties.list.0 is a process id, which JSON cannot hold"}
            ] do
          event = %{"type" => "track", "event" => "Event", "properties" => %{list: list}}
          {:reductions, before} = Process.info(self(), :reductions)
          assert {:error, {_, ^problem, shown}} = Klime.JSON.encode(event)
          {:reductions, later} = Process.info(self(), :reductions)
          # Of the same work on all of the list there would be tens of millions.
          assert later - before < 3_000_000
          assert shown == %{"type" => "track", "event" => "Event", "properties" => "(too large to show)"}
        end
      end
    end

    test "by Jason is of the encoder that a struct has" do
      choose(:jason)

      implementation =
        quote do
          defimpl Jason.Encoder, for: Version do
            def encode(version, options), do: Jason.Encode.value(to_string(version), options)
          end
        end

      [{module, _}] = Code.compile_quoted(implementation)
      on_exit(fn -> Optional.undefine(module) end)
      event = %{"version" => Version.parse!("1.2.3"), "of_core" => [~D[2026-11-23]]}
      assert {:ok, json} = Klime.JSON.encode(event)

      assert json |> IO.iodata_to_binary() |> JSONReader.decode!() == %{
               "version" => "1.2.3",
               "of_core" => ["2026-11-23"]
             }

      assert Klime.JSON.encode(%{"a" => URI.parse("https://example.com")}) ==
               {:error,
                {:invalid, "a is a struct URI without a JSON encoder that works, which JSON cannot hold",
                 %{"a" => "(a struct URI without a JSON encoder that works)"}}}
    end

    for encoder <- encoders -- [:native] do
      test "by #{encoder} hurts nobody when an encoder of the app's returns what is no text" do
        choose(unquote(encoder))

        if unquote(encoder) == :jason do
          implementation =
            quote do
              defimpl Jason.Encoder, for: Klime.Stand.Faulty do
                def encode(faulty, _options), do: Map.take(faulty, [:a])
              end
            end

          [{module, _}] = Code.compile_quoted(implementation)
          on_exit(fn -> Optional.undefine(module) end)
        end

        client = start(Server.start())
        screening = start(Server.start(), before_send: & &1)

        problem =
          "properties.v is a struct Klime.Stand.Faulty without a JSON encoder that works, which JSON cannot hold"

        for client <- [client, screening] do
          assert Klime.track(client, "Event", %{v: %Klime.Stand.Faulty{a: 1}}, user_id: 1) == :ok

          assert {:error, %Klime.SendError{kind: :invalid, message: message}} =
                   Klime.track!(client, "Event", %{v: %Klime.Stand.Faulty{a: 1}}, user_id: 1)

          assert String.downcase(message) == String.downcase(problem)
          assert %{enqueued: 2, dropped: %{invalid: 2}} = Klime.stats(client)
          assert {:ok, %{accepted: 1}} = Klime.track!(client, "Event", %{}, user_id: 1)
        end
      end
    end

    test "by Jason goes to the server" do
      choose(:jason)
      server = Server.start()
      client = start(server)
      :ok = Klime.track(client, "Event", %{at: ~D[2026-11-23], text: "ü \"x\" \n"}, user_id: 1)
      :ok = Klime.track(client, "Event", %{bad: [1 | 2]}, user_id: 1)
      :ok = Klime.flush(client)
      assert [%{"properties" => %{"at" => "2026-11-23", "text" => "ü \"x\" \n"}}] = Server.events(server, 1)
      assert %{accepted: 1, dropped: %{invalid: 1}} = Klime.stats(client)
    end

    # The encoders of Elixir know atoms; for the other they are made text.
    defp shown_atom(:native), do: "d"
    defp shown_atom(_encoder), do: :d

    defp choose(encoder) do
      if encoder == :jason, do: Optional.install(Jason)
      Klime.JSON.choose(encoder)
    end

    test "is encoded by what there is, decided once" do
      expected =
        cond do
          Code.ensure_loaded?(Jason) -> :jason
          Code.ensure_loaded?(JSON) -> :json
          true -> :native
        end

      assert Klime.JSON.encoder() == expected
    end
  end

  describe "test mode" do
    setup do
      # Supervised, so that it has ended, and its name is free, before the next test.
      %{client: start_supervised!({Klime.Client, testing: true, name: __MODULE__.Testing})}
    end

    test "a test sees the events of its own processes, and no others", %{client: client} do
      parent = self()
      :ok = Klime.track(client, "Own", %{}, user_id: 1)
      Task.await(Task.async(fn -> Klime.track(client, "Of a task", %{}, user_id: 1) end))
      start_supervised!({Agent, fn -> Klime.track(client, "Of an agent", %{}, user_id: 1) end})

      # Another test, and a process that nobody knows.
      other =
        spawn(fn ->
          receive do: (:go -> Klime.track(client, "Of another", %{}, user_id: 1))
          send(parent, {:other, Enum.map(Klime.Testing.events(client), & &1.event)})
        end)

      send(other, :go)
      assert_receive {:other, ["Of another"]}

      assert Enum.map(Klime.Testing.events(client), & &1.event) == ["Own", "Of a task", "Of an agent"]
      assert Klime.Testing.clear(client) == :ok
      assert Klime.Testing.events(client) == []
    end

    test "what is not valid is not there, and what is sent at once is", %{client: client} do
      :ok = Klime.track(client, "Anonymous")
      :ok = Klime.track(client, "Bad", %{bad: {1}}, user_id: 1)
      {:ok, %{accepted: 1}} = Klime.track!(client, "Paid", %{plan: "pro"}, user_id: 1)

      assert [%Klime.Event{event: "Paid", properties: %{plan: "pro"}, user_id: 1} = event] =
               Klime.Testing.events(client)

      assert is_binary(event.message_id) and is_binary(event.timestamp)
      assert %{accepted: 1, dropped: %{invalid: 2}} = Klime.stats(client)
    end

    test "what was not delivered is not there", %{client: client} do
      assert {:error, %{kind: :invalid}} = Klime.track!(client, "Nobody's")
      :ok = Klime.shutdown(client)
      assert {:error, %{kind: :closed}} = Klime.track!(client, "Late", %{}, user_id: 1)
      :ok = Klime.track(client, "Late", %{}, user_id: 1)
      {:ok, disabled} = Klime.Client.start_link(testing: true, disabled: true)
      assert {:error, %{kind: :disabled}} = Klime.track!(disabled, "Nowhere", %{}, user_id: 1)
      for client <- [client, disabled], do: assert(Klime.Testing.events(client) == [])
    end

    test "an error says what it says without it", %{client: client} do
      assert {:error, %Klime.SendError{kind: :invalid, message: message}} =
               Klime.track!(client, "Event", %{bad: {1}}, user_id: 1)

      assert message == "Properties.bad is a tuple, which JSON cannot hold"
    end

    test "events of processes that have ended are forgotten, each one's own are not", %{client: client} do
      table = Klime.Native.hook(client).table
      :ok = Klime.track(client, "Own", %{}, user_id: 1)

      for _ <- 1..100 do
        other =
          spawn(fn ->
            receive do: (:go -> :ok)
            for _ <- 1..5, do: :ok = Klime.track(client, "Event", %{}, user_id: 1)
          end)

        :ok = Klime.Testing.allow(client, other)
        reference = Process.monitor(other)
        send(other, :go)
        receive do: ({:DOWN, ^reference, _, _, _} -> :ok)
      end

      # This test's own, and what the last process has left behind.
      assert length(Klime.Testing.events(client)) == 501
      assert :ets.info(table, :size) < 501 + 30
    end

    test "a test sees what callbacks of the client that it has started have caused" do
      name = __MODULE__.Answering

      on_success = fn _ ->
        if Klime.stats(name).accepted == 1, do: Klime.track(name, "From a callback", %{}, user_id: 1)
      end

      {:ok, client} = Klime.Client.start_link(testing: true, name: name, on_success: on_success)
      :ok = Klime.track(client, "First", %{}, user_id: 1)
      :ok = Klime.flush(client)
      assert Enum.map(Klime.Testing.events(client), & &1.event) == ["First", "From a callback"]
    end

    test "callbacks work as always, before_send too" do
      test = self()
      before_send = fn event -> if event.event != "Drop", do: %{event | properties: %{seen: true}} end
      {:ok, client} = Klime.Client.start_link(testing: true, on_success: &send(test, &1), before_send: before_send)
      :ok = Klime.track(client, "Event", %{}, user_id: 1)
      :ok = Klime.track(client, "Drop", %{}, user_id: 1)
      :ok = Klime.flush(client)
      assert_received %Klime.BatchResponse{accepted: 1}
      assert [%Klime.Event{properties: %{seen: true}}] = Klime.Testing.events(client)
    end

    test "a client that is not in it says so" do
      client = start(Server.start())
      assert_raise ArgumentError, ~r/was not started with testing: true/, fn -> Klime.Testing.events(client) end
      assert_raise ArgumentError, ~r/no klime client is running as :klime/, fn -> Klime.Testing.events() end
    end
  end

  test "an atom before nil properties is the event's name" do
    start_supervised!({Klime.Client, testing: true, name: :klime})
    :ok = Klime.track(:clicked, nil, user_id: 42)
    {:ok, _} = Klime.track!(:paid, nil, user_id: 42)
    assert Klime.flush() == :ok
    assert Klime.stats().accepted == 2
  end
end
