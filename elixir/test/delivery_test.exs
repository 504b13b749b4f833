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
end
