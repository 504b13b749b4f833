defmodule Klime.DeliveryTest do
  use ExUnit.Case, async: true

  alias Klime.Server

  defp client(server, options \\ []) do
    options = Keyword.merge([write_key: "test-key", endpoint: Server.url(server), retry_initial_delay: 1], options)
    start_supervised!({Klime.Client, options})
  end

  test "an event arrives as the protocol has it" do
    server = Server.start()
    client = client(server)

    assert Klime.track(client, "Button Clicked", %{plan: "pro"}, user_id: 42) == :ok
    assert Klime.flush(client) == :ok

    request = Server.request(server)
    assert {request.method, request.path} == {"POST", "/v1/batch"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer test-key"
    assert [event] = request.events
    assert %{"type" => "track", "event" => "Button Clicked", "userId" => 42, "properties" => %{"plan" => "pro"}} = event
    assert event["context"] == %{"library" => %{"name" => "elixir-sdk", "version" => "1.0.0"}}
  end

  describe "a call that waits for its answer, with a timeout," do
    test "returns when that is over, and the client goes on with the event" do
      server = Server.start([%{status: 429, headers: %{"retry-after" => "1"}}, %{fault: :hold}])
      test = self()
      client = client(server, on_success: &send(test, {:accepted, &1.accepted}))

      assert {:error, %Klime.SendError{kind: :timeout, events: [], attempts: 0} = error} =
               Klime.track!(client, "Paid", %{}, user_id: 1, timeout: 50)

      assert error.message == "No answer from Klime within 50 ms, the client goes on with the event"
      assert [%{"event" => "Paid"} = paid] = Server.events(server, 1)
      refute Map.has_key?(paid, "timeout")
      assert Klime.queue_size(client) == 1
      Server.release(server)
      assert Klime.flush(client) == :ok
      assert_received {:accepted, 1}
      # The answer that came too late is nobody's.
      assert Process.info(self(), :messages) |> elem(1) |> Enum.all?(&match?({:request, _, _}, &1))
    end

    test "returns although the client's process does not answer" do
      client = client(Server.start())
      :sys.suspend(client)

      for timeout <- [0, 50],
          do: assert({:error, %{kind: :timeout}} = Klime.identify!(client, 1, %{}, timeout: timeout))

      :sys.resume(client)
      assert {:ok, %{accepted: 1}} = Klime.group!(client, "org", %{}, timeout: 60_000)
    end
  end
end
